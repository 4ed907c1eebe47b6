/* SPDX-License-Identifier: MIT */
/* intake: what the instruments deliver, event by event, onto a tape.
 *
 * Here request heads become routes, SQL becomes fingerprints, stack copies become stacks: nothing
 * raw is kept. Not thread-safe. */
#pragma once

#include "trace/event.h"
#include "trace/sampler.h"
#include "trace/stacks.h"
#include "trace/streams.h"
#include "trace/tape.h"
#include "trace/wire.h"
#include "run/run.h"

/* A stack that stands for `ns` of waiting. */
struct wait_stack {
	uint64_t key;              /* futex address for locks */
	int64_t ns, at;            /* `at`: when it was over */
	uint32_t thread, stack;
	uint8_t kind;              /* enum run_part_kind; PART_NONE: waited for work */
	bool unlock;               /* ns that another thread waited until this one woke it */
	bool task;                 /* a goroutine that served a request, no thread */
};

struct intake {
	struct tape *tape;
	struct stacks *stacks;
	struct symbols *symbols;
	const char **literals;     size_t n_literals;  /* routes to keep as they are */
	struct wait_stack *waits;  size_t n_waits;
	struct handed_stack { uint32_t stack, thread; } *handed; size_t n_handed;   /* work for a pool */
	struct thread_exit { uint32_t thread; int64_t at; } *exits; size_t n_exits;
	struct map sql_memo;       /* raw text -> name */
	struct map peers;          /* connection -> part kind; this window's */
	struct wire *wire;
	struct streams *streams;
	struct ring_read { int tid; size_t first, n; } *ring_reads;   /* since its thread's last poll: */
	size_t n_ring_reads;       /* records of the tape */
	struct map seen;           /* processes that symbols know */
	const struct map *pythons; /* borrowed, or NULL: pid -> struct python * */
	int64_t stack_events;
};

/* What it is given is borrowed, and outlives it. */
void intake_init(struct intake *in, struct tape *tape, struct stacks *stacks,
    struct symbols *symbols);
void intake_done(struct intake *in);   /* frees what is its own, not the tape */
/* The path of this URL is a route as it stands: nothing in it becomes a placeholder. */
void intake_literal(struct intake *in, const char *url);

/* One record of the BPF side's ring: the struct of its kind (event.h), `size` bytes with what was copied behind it. */
void intake_event(struct intake *in, const struct ev_head *event, size_t size);
/* A stack on CPU. */
void intake_sample(struct intake *in, const struct sampler_sample *sample);

/* The window ends: threads that exited are off CPU until then. */
void intake_window_end(struct intake *in, int64_t now);

/* SPDX-License-Identifier: MIT */
/* paint: what a request's time, or any stretch of a thread's, went to.
 *
 * Every nanosecond gets one kind, so the parts of a request sum to its span. Time inside a step
 * of an embedded database is that statement's (PART_DB), whatever the thread did in it; waiting
 * for a CPU stays PART_RUNQUEUE. Pure. */
#pragma once

#include "trace/assemble.h"

/* Sums by (kind, where). `where` is: PART_LOCK: index of the lock + 1; PART_CPU: index of the
 * thread + 1; else a text of the tape; 0 unknown. */
struct ledger { struct map rows; };
struct ledger_row { enum run_part_kind kind; uint32_t where; int64_t ns; };

void ledger_add(struct ledger *l, enum run_part_kind kind, uint32_t where, int64_t ns);
void ledger_add_all(struct ledger *to, const struct ledger *from);
/* Rows, largest first, in the arena. */
size_t ledger_rows(const struct ledger *l, struct arena *arena, struct ledger_row **ret);
void ledger_done(struct ledger *l);

/* A request waited while others could have let it go on. */
struct waiting {
	int64_t from, to;
	uint32_t where;            /* PART_LOCK: lock + 1; PART_QUEUE: text */
	uint32_t holder;           /* thread that let it go on; NOBODY unknown */
	uint32_t call;             /* waited for a connection: the call that it then made; else NOBODY */
	uint8_t kind;
};

struct canvas {
	struct ledger ledger;
	struct waiting *waits;     size_t n_waits;    /* in arena; NULL arena: not wanted */
	struct arena *arena;
	int64_t blocked;           /* of the threads, outside waiting for work */
	void (*visit)(void *ctx, uint32_t thread, int64_t from, int64_t to);   /* each stretch */
	void *ctx;                 /* of visit; NULL visit: not wanted */
};

/* Note that a request waited, if somebody wants to know; all of it is said, because 0 is a thread and a
 * call too. */
static inline void
canvas_wait(struct canvas *c, int64_t from, int64_t to, enum run_part_kind kind, uint32_t where,
    uint32_t holder, uint32_t call)
{
	if (c->arena && to > from)
		*ARENA_PUSH(c->arena, c->waits, c->n_waits) = (struct waiting){ .from = from, .to = to,
			.where = where, .holder = holder, .call = call, .kind = (uint8_t)kind };
}

/* How long a thread was busy in [from, to]: anything but waiting for work or at a futex. */
int64_t paint_busy(const struct assembly *a, uint32_t thread, int64_t from, int64_t to);

/* One request, from arrival to the end of its answer. */
void paint_span(const struct assembly *a, const struct span *s, struct canvas *c);

/* What the connection on which `call` was made did in [from, to], before that call: it waited for
 * its peer (the call's kind, where: the statement, else the peer), its answer waited for the loop,
 * or who held it worked. */
void paint_connection(const struct assembly *a, uint32_t call, int64_t from, int64_t to,
    struct canvas *c);

/* [from, to] of a thread. `resolve`: where it waits for lock `resolve` itself, go on with the
 * thread that held it (0: no). */
void paint_thread(const struct assembly *a, uint32_t thread, int64_t from, int64_t to,
    uint32_t resolve, struct canvas *c);

/* SPDX-License-Identifier: MIT */
/* summary: from an assembly to r->evidence.trace, one file a list. No I/O but reading symbols. */
#pragma once

#include <stdlib.h>

#include "trace/assemble.h"
#include "trace/intake.h"
#include "trace/paint.h"
#include "trace/stacks.h"
#include "run/run.h"

struct stack_view {            /* what matters of a stack here */
	uint32_t function;         /* text: the service's own innermost function */
	bool known, gc, statement; /* in a garbage collector; inside a statement of SQLite */
	bool sync;                 /* in the kernel, bringing a file to the disk */
};

struct route_group {           /* the complete requests of a route */
	uint32_t name;
	uint32_t *spans;           size_t n;      /* longest first */
	size_t slow;               /* so many of them are told apart as slow; 0: too few requests */
};

enum scope { SCOPE_ALL, SCOPE_SLOW, SCOPE_REST, SCOPES };

struct summary {
	struct assembly *a;
	struct intake *in;
	struct run *r;
	struct arena *arena;       /* scratch, until summary_free */
	double sample_seconds;     /* one on-CPU sample stands for this */
	struct stack_view *views;  /* by stack */
	uint32_t **samples;        /* by thread: its samples in order of time */
	size_t *n_samples;
	const char **lock_names;   /* by lock; NULL not asked yet */
	const char **lock_sites;
	struct route_group *groups; size_t n_groups;  /* most requests first; by summary_routes */
	uint8_t *scopes;           /* by span: SCOPE_SLOW, SCOPE_REST, or SCOPE_ALL: neither; likewise */
};

/* What it is given is borrowed, and outlives it. Never NULL. */
struct summary *summary_new(struct assembly *a, struct intake *in, struct run *r,
    int64_t sample_period_ns);
void summary_free(struct summary *s);

/* Which functions a set of stretches was in, by samples. */
struct tally { struct map functions; int64_t n; };
void tally_visit(void *ctx, uint32_t thread, int64_t from, int64_t to);   /* ctx: tally_ctx */
struct tally_ctx { struct summary *s; struct tally *tally; };

/* Of a key of a tally; may be NULL. */
const char *summary_function_name(const struct summary *s, uint32_t key);

/* A ledger as parts of a run: CPU split by the tally, small rest folded; shares sum to 1. */
void summary_parts(struct summary *s, const struct ledger *l, const struct tally *t,
    double requests, struct run_part **ret, size_t *ret_n);

/* What a thread computed in [from, to], by most of its samples: a function, or what is no
 * computing of its own. Without samples PART_CPU of nothing known. */
struct computed { enum run_part_kind kind; const char *where; };
struct computed summary_computed(struct summary *s, uint32_t thread, int64_t from, int64_t to);

const char *summary_lock_name(struct summary *s, uint32_t lock);   /* lock + 1, as in ledgers */
const char *summary_lock_site(struct summary *s, uint32_t lock);   /* NULL unknown */
const struct stack_view *summary_view(struct summary *s, uint32_t stack);
/* Of the thread's samples, the first that is not before `from`. */
size_t summary_first_sample(const struct summary *s, uint32_t thread, int64_t from);

/* Is this call told as a statement, not as a call to a peer? */
static inline bool
summary_is_query(const struct call *c)
{
	return c->statement && !c->connect && (c->kind == PART_DB || c->kind == PART_CACHE);
}

/* qsort that may be given an empty list. */
static inline void
sort_list(void *items, size_t n, size_t size, int (*order)(const void *, const void *))
{
	if (n > 1)
		qsort(items, n, size, order);
}

/* Time of a thread on CPU, over all windows. */
int64_t summary_on_cpu(const struct summary *s, uint32_t thread);

/* A wait at a futex or clock outside of any request. */
bool summary_is_idle(const struct summary *s, const struct wait_stack *w);

/* Each fills its part of r->evidence.trace: a list, or a figure of one. */
void summary_routes(struct summary *s);
void summary_exemplars(struct summary *s);   /* after summary_routes */
void summary_waits(struct summary *s);
void summary_loaders(struct summary *s);     /* after summary_routes and summary_waits */
void summary_threads(struct summary *s);
void summary_gc(struct summary *s);
void summary_sites(struct summary *s);
void summary_queries(struct summary *s);
void summary_released(struct summary *s);   /* after summary_queries */
void summary_calls(struct summary *s);
void summary_pieces(struct summary *s);
void summary_functions(struct summary *s);
void summary_bursts(struct summary *s);      /* after summary_functions */
void summary_stacks(struct summary *s);      /* likewise */

/* cpu.folded, offcpu.folded and profile.pb.gz into the run's folder; nothing without a folder. */
int summary_files(struct summary *s, int64_t duration_ns, struct err *e);
/* requests.ndjson there, with its exemplars. */
int summary_requests(struct summary *s, struct err *e);

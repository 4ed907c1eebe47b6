/* SPDX-License-Identifier: MIT */
/* What held the requests up while they waited for a lock or in a queue. */
#include "trace/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define WAITS_MAX    24        /* reported */
#define PAINTED_MAX  20000     /* waits whose holder is looked at, evenly chosen */
#define SPANS_MAX    20000     /* requests whose waits are collected, in blocks of neighbours */
#define BLOCK        1000

struct group {
	const char *where;
	uint32_t lock;             /* one of its locks, for the site */
	uint8_t kind;
	struct waiting *waits;     size_t n;
	int64_t sum;
};

/* One block in `step`: within a block all waits are there, so that who waits at the same time is
 * seen; figures are scaled up. */
static struct canvas
collect_waits(struct summary *s, size_t step)
{
	struct canvas canvas = { .arena = s->arena };
	for (size_t i = 0; i < s->a->n_spans; i++)
		if (s->a->spans[i].complete && i / BLOCK % step == 0)
			paint_span(s->a, &s->a->spans[i], &canvas);
	ledger_done(&canvas.ledger);
	return canvas;
}

static struct group *
group_of(struct summary *s, struct group **groups, size_t *n, const struct waiting *w)
{
	const char *where = w->kind == PART_LOCK ? summary_lock_name(s, w->where) :
	    tape_text(s->a->tape, w->where);
	for (size_t i = 0; i < *n; i++)
		if ((*groups)[i].kind == w->kind && !strcmp((*groups)[i].where, where))
			return &(*groups)[i];
	struct group *g = ARENA_PUSH(s->arena, *groups, *n);
	g->where = where;
	g->kind = w->kind;
	g->lock = w->kind == PART_LOCK ? w->where : 0;
	return g;
}

static int
by_from(const void *left, const void *right)
{
	const struct waiting *l = left, *r = right;
	return l->from < r->from ? -1 : l->from > r->from;
}

/* How many waited at the same time, while somebody did. */
static double
mean_waiters(struct group *g)
{
	int64_t covered = 0, until = 0;
	sort_list(g->waits, g->n, sizeof(*g->waits), by_from);
	for (size_t i = 0; i < g->n; i++) {
		int64_t from = g->waits[i].from > until ? g->waits[i].from : until;
		if (g->waits[i].to <= from)
			continue;
		covered += g->waits[i].to - from;
		until = g->waits[i].to;
	}
	return covered ? (double)g->sum / (double)covered : 0;
}

static void
add_wait(struct summary *s, struct group *g, size_t scale)
{
	struct tally tally = { 0 };
	struct tally_ctx ctx = { s, &tally };
	struct canvas canvas = { .visit = tally_visit, .ctx = &ctx };
	size_t step = g->n / PAINTED_MAX + 1;

	for (size_t i = 0; i < g->n; i += step) {
		const struct waiting *w = &g->waits[i];
		if (w->call != NOBODY)
			paint_connection(s->a, w->call, w->from, w->to, &canvas);
		else if (w->holder != NOBODY)
			paint_thread(s->a, w->holder, w->from, w->to, w->kind == PART_LOCK ? w->where : 0, &canvas);
	}
	struct run_trace *t = &s->r->evidence.trace;
	struct run_wait *wait = RUN_ADD(s->r, wait, t->waits, t->n_waits);
	wait->kind = (enum run_part_kind)g->kind;
	wait->where = run_str(s->r, g->where);
	wait->site = g->kind == PART_LOCK ? run_str(s->r, summary_lock_site(s, g->lock)) : NULL;
	wait->waits = (int64_t)(g->n * scale);
	wait->seconds = ns_to_s(g->sum) * (double)scale;
	wait->mean_waiters = mean_waiters(g);
	struct run_part *parts = NULL;
	size_t n_parts = 0;
	summary_parts(s, &canvas.ledger, &tally, 0, &parts, &n_parts);
	wait->holder = parts;
	wait->n_holder = n_parts;
	ledger_done(&canvas.ledger);
	map_done(&tally.functions);
}

static int
by_sum(const void *left, const void *right)
{
	const struct group *l = left, *r = right;
	return l->sum > r->sum ? -1 : l->sum < r->sum;
}

void
summary_waits(struct summary *s)
{
	size_t scale = s->a->n_spans / SPANS_MAX + 1;
	struct canvas all = collect_waits(s, scale);
	struct group *groups = NULL;
	size_t n = 0;
	for (size_t i = 0; i < all.n_waits; i++) {
		struct group *g = group_of(s, &groups, &n, &all.waits[i]);
		*ARENA_PUSH(s->arena, g->waits, g->n) = all.waits[i];
		g->sum += all.waits[i].to - all.waits[i].from;
	}
	sort_list(groups, n, sizeof(*groups), by_sum);
	for (size_t i = 0; i < n && i < WAITS_MAX; i++)
		add_wait(s, &groups[i], scale);
}

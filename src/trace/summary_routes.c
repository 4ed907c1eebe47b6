/* SPDX-License-Identifier: MIT */
/* Where the requests of each route spent their time: all of them, and the slowest apart. */
#include "trace/summary.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

#define ROUTES_MAX   32
#define SLOW_SHARE   0.05
#define SLOW_ENOUGH  20        /* requests of a route, else its slow ones are not told apart */

static int
by_duration(const void *left, const void *right, void *ctx)
{
	const struct span *spans = ctx;
	const struct span *l = &spans[*(const uint32_t *)left], *r = &spans[*(const uint32_t *)right];
	int64_t a = l->end - l->arrival, b = r->end - r->arrival;
	return a > b ? -1 : a < b;
}

static int
by_count(const void *left, const void *right)
{
	const struct route_group *l = left, *r = right;
	return l->n > r->n ? -1 : l->n < r->n;
}

static void
add_group(struct summary *s, const struct route_group *route, const char *scope, size_t n)
{
	struct tally tally = { 0 };
	struct tally_ctx ctx = { s, &tally };
	struct canvas canvas = { .visit = tally_visit, .ctx = &ctx };
	int64_t total = 0;

	for (size_t i = 0; i < n; i++) {
		const struct span *span = &s->a->spans[route->spans[i]];
		paint_span(s->a, span, &canvas);
		total += span->end - span->arrival;
	}
	struct run_trace *t = &s->r->evidence.trace;
	struct run_time *time = RUN_ADD(s->r, time, t->routes, t->n_routes);
	time->route = run_str(s->r, tape_text(s->a->tape, route->name));
	time->scope = scope;
	time->requests = (int64_t)n;
	time->seconds = ns_to_s(total) / (double)n;
	struct run_part *parts = NULL;
	size_t n_parts = 0;
	summary_parts(s, &canvas.ledger, &tally, (double)n, &parts, &n_parts);
	time->parts = parts;
	time->n_parts = n_parts;
	ledger_done(&canvas.ledger);
	map_done(&tally.functions);
}

static void
group_by_route(struct summary *s)
{
	struct map ids = { 0 };
	for (size_t i = 0; i < s->a->n_spans; i++) {
		const struct span *span = &s->a->spans[i];
		bool new;
		if (!span->complete)
			continue;
		uint64_t *at = map_at(&ids, &span->route, sizeof(span->route), &new);
		if (new) {
			*at = s->n_groups;
			ARENA_PUSH(s->arena, s->groups, s->n_groups)->name = span->route;
		}
		struct route_group *route = &s->groups[*at];
		*ARENA_PUSH(s->arena, route->spans, route->n) = (uint32_t)i;
		s->r->evidence.trace.requests++;
	}
	map_done(&ids);
	sort_list(s->groups, s->n_groups, sizeof(*s->groups), by_count);
}

static void
mark_scopes(struct summary *s, struct route_group *route)
{
	if (route->n < SLOW_ENOUGH)
		return;
	route->slow = (size_t)((double)route->n * SLOW_SHARE + 0.999);
	for (size_t i = 0; i < route->n; i++)
		s->scopes[route->spans[i]] = i < route->slow ? SCOPE_SLOW : SCOPE_REST;
}

/* How many of the calls to peers are known to be a request's, and which. Those of requests that
 * began or ended outside the window are left out. */
static double
share_linked(const struct assembly *a)
{
	int64_t all = 0, certain = 0;
	for (size_t i = 0; i < a->n_calls; i++) {
		const struct call *c = &a->calls[i];
		if (c->connect || (c->span != NOBODY && !a->spans[c->span].complete))
			continue;
		all++;
		certain += c->span != NOBODY && c->sure >= CALL_SURE;
	}
	return all ? (double)certain / (double)all : NAN;
}

void
summary_routes(struct summary *s)
{
	s->r->evidence.trace.requests = 0;
	s->r->evidence.trace.linked = share_linked(s->a);
	s->scopes = arena_alloc(s->arena, s->a->n_spans + 1);
	group_by_route(s);
	for (size_t i = 0; i < s->n_groups && i < ROUTES_MAX; i++) {
		struct route_group *route = &s->groups[i];
		qsort_r(route->spans, route->n, sizeof(uint32_t), by_duration, s->a->spans);
		mark_scopes(s, route);
		add_group(s, route, "all", route->n);
		if (route->slow)
			add_group(s, route, "slow", route->slow);
	}
}

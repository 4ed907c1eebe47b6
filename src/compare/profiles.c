/* SPDX-License-Identifier: MIT */
/* What changed inside: the profiles of two builds beside each other.
 *
 * Everything is brought to seconds per request: a function's share of the on-CPU samples times the
 * CPU time of a request, a statement's, wait's or call's time over all requests. A difference is
 * told when it is larger than chance explains: Z standard errors, where Z keeps the chance that any
 * of a hundred equal rows is told below one in ten (Bonferroni: 0.001 a row, two-sided).
 *
 * Samples are binomial, except that one request's samples are alike: DESIGN_EFFECT. Each arm was
 * traced once, so what drifts from run to run counts too: *_DRIFT, relative, of each side. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "compare/compare.h"
#include "compare/compare_int.h"
#include "compare/names.h"

#define Z               3.29
#define DESIGN_EFFECT   2.0
#define SHARE_DRIFT     0.02    /* of a function's share of the CPU time, as far as there are others */
#define TIME_DRIFT      0.10    /* of times that are waited: as BETWEEN_LATENCY */
#define QUEUE_DRIFT     0.20    /* of queues, which follow the utilisation */
#define WAIT_CV         3.0     /* standard deviation over mean of one request's wait */
#define MOST_TOLD       20
#define MOST_ITEMS      4000

/* A row of either profile. [0] is A, [1] is B. */
struct item {
	const char *kind, *what, *route;
	double seconds[2];          /* per request */
	double calls[2];            /* per request of the route; NAN unknown */
	double share[2];            /* functions: of the samples */
	double sd[2];               /* of `seconds`, what chance does to it */
	double calls_sd[2];
};

struct profiles {
	const struct run *runs[2];
	double cpu[2], cpu_sd;      /* seconds per request; relative, of each */
	struct arena *arena;
	struct map ids;
	struct item *items; size_t n;
};

/* ---- rows ---------------------------------------------------------------------------------- */

static const char *
or_empty(const char *s)
{
	return s ? s : "";
}

/* The row of that name, made when it is new; NULL when there are too many. */
static struct item *
item_of(struct profiles *p, const char *kind, const char *what, const char *apart, const char *route)
{
	bool is_new;
	const char *key = arena_printf(p->arena, "%s\n%s\n%s\n%s", kind, what, apart, or_empty(route));

	if (p->n >= MOST_ITEMS && !map_find(&p->ids, key, strlen(key)))
		return NULL;
	uint64_t *at = map_at(&p->ids, key, strlen(key), &is_new);
	if (is_new) {
		*at = p->n;
		*ARENA_PUSH(p->arena, p->items, p->n) = (struct item){
			.kind = kind, .what = arena_strdup(p->arena, what),
			.route = arena_strdup(p->arena, route), .calls = { NAN, NAN },
		};
	}
	return &p->items[*at];
}

static double
requests_of(const struct run *r)
{
	return (double)r->evidence.trace.requests;
}

static double
square(double x)
{
	return x * x;
}

/* ---- functions ----------------------------------------------------------------------------- */

static void
add_functions(struct profiles *p, int side)
{
	const struct run_trace *t = &p->runs[side]->evidence.trace;

	for (size_t i = 0; i < t->n_functions; i++) {
		const struct run_function *f = &t->functions[i];
		CLEANUP(buf_done) struct buf name = { 0 }, module = { 0 };
		if (!f->name || !(f->self >= 0))
			continue;
		name_function(f->name, &name);
		/* The service's own program may be called anything. */
		if (!f->application)
			name_module(or_empty(f->module), &module);
		struct item *at = item_of(p, "function", buf_text(&name), buf_text(&module), NULL);
		if (at)
			at->share[side] += f->self;
	}
}

/* The list of functions ends at the fiftieth; the stacks know of more. */
static double
share_in_stacks(const struct run_trace *t, const char *function)
{
	double own = 0, all = 0;

	for (size_t i = 0; i < t->n_stacks; i++) {
		const struct run_stack *s = &t->stacks[i];
		CLEANUP(buf_done) struct buf leaf = { 0 };
		if (!s->frames || (s->kind && strcmp(s->kind, "cpu") != 0) || !(s->seconds > 0))
			continue;
		const char *last = strrchr(s->frames, ';');
		name_function(last ? last + 1 : s->frames, &leaf);
		all += s->seconds;
		own += strcmp(buf_text(&leaf), function) == 0 ? s->seconds : 0;
	}
	return all > 0 ? own / all : 0;
}

/* The error of a share with the rule of succession, so that none of n samples is not certainty. */
static double
share_variance(double share, double samples)
{
	double p = (share * samples + 1) / (samples + 2);
	return DESIGN_EFFECT * p * (1 - p) / (samples + 2);
}

static void
weigh_functions(struct profiles *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct item *f = &p->items[i];
		for (int side = 0; side < 2 && strcmp(f->kind, "function") == 0; side++) {
			const struct run_trace *t = &p->runs[side]->evidence.trace;
			if (f->share[side] <= 0)
				f->share[side] = share_in_stacks(t, f->what);
			double drift = f->share[side] *
			    hypot(SHARE_DRIFT * (1 - f->share[side]), p->cpu_sd);
			f->seconds[side] = f->share[side] * p->cpu[side];
			f->sd[side] = p->cpu[side] *
			    sqrt(share_variance(f->share[side], (double)t->samples) + square(drift));
		}
	}
}

static void
compare_functions(struct profiles *p)
{
	for (int side = 0; side < 2; side++)
		if (!(p->cpu[side] > 0) || p->runs[side]->evidence.trace.samples <= 0)
			return;
	add_functions(p, 0);
	add_functions(p, 1);
	weigh_functions(p);
}

/* ---- statements and calls ------------------------------------------------------------------ */

/* One of `kind`: so many calls and seconds while it was traced. */
static void
add_called(struct profiles *p, int side, struct item *at, double calls, double seconds, double per_request)
{
	double requests = requests_of(p->runs[side]);

	if (!at || !(calls > 0) || !(seconds >= 0))
		return;
	if (!(per_request > 0))
		per_request = calls / requests;
	at->seconds[side] += seconds / requests;
	at->calls[side] = (isnan(at->calls[side]) ? 0 : at->calls[side]) + per_request;
	at->sd[side] = hypot(at->sd[side], seconds / requests * hypot(TIME_DRIFT, 1 / sqrt(calls)));
	/* As if each call came by itself: calls of a request rather come in a fixed number. */
	at->calls_sd[side] = hypot(at->calls_sd[side], per_request / sqrt(calls));
}

static void
compare_called(struct profiles *p, int side)
{
	const struct run_trace *t = &p->runs[side]->evidence.trace;

	for (size_t i = 0; i < t->n_queries; i++) {
		const struct run_query *q = &t->queries[i];
		if (q->fingerprint)
			add_called(p, side, item_of(p, "query", q->fingerprint, or_empty(q->engine), q->route),
			    q->calls, q->seconds, q->per_request);
	}
	for (size_t i = 0; i < t->n_calls; i++) {
		const struct run_call *c = &t->calls[i];
		if (c->peer)
			add_called(p, side, item_of(p, "call", c->peer, or_empty(c->kind), c->route),
			    c->calls, c->seconds, c->per_request);
	}
}

/* ---- waits --------------------------------------------------------------------------------- */

/* Is this wait told as a statement or a call already? */
static bool
is_called(const struct profiles *p, const char *where)
{
	for (size_t i = 0; where && i < p->n; i++)
		if (strcmp(p->items[i].kind, "function") != 0 && strcmp(p->items[i].kind, "wait") != 0 &&
		    strcmp(p->items[i].what, where) == 0)
			return true;
	return false;
}

static void
add_wait(struct profiles *p, int side, const struct run_time *route, const struct run_part *part)
{
	bool queue = part->kind == PART_QUEUE || part->kind == PART_RUNQUEUE;
	double requests = (double)route->requests;
	double seconds = part->seconds * requests / requests_of(p->runs[side]);

	if (part->kind == PART_CPU || !(seconds > 0) || is_called(p, part->where))
		return;
	const char *kind = part_kind_name(part->kind);
	const char *what = part->where ? arena_printf(p->arena, "%s: %s", kind, part->where) : kind;
	struct item *at = item_of(p, "wait", what, "", route->route);
	if (!at)
		return;
	at->seconds[side] += seconds;
	at->sd[side] = hypot(at->sd[side],
	    seconds * hypot(queue ? QUEUE_DRIFT : TIME_DRIFT, WAIT_CV / sqrt(requests)));
}

static void
compare_waits(struct profiles *p, int side)
{
	const struct run_trace *t = &p->runs[side]->evidence.trace;

	for (size_t i = 0; i < t->n_routes; i++) {
		const struct run_time *route = &t->routes[i];
		if (route->requests <= 0 || (route->scope && strcmp(route->scope, "all") != 0))
			continue;
		for (size_t k = 0; k < route->n_parts; k++)
			add_wait(p, side, route, &route->parts[k]);
	}
}

/* ---- what is told -------------------------------------------------------------------------- */

static double
change_of(const struct item *i)
{
	return i->seconds[1] - i->seconds[0];
}

/* Something that one side lacks has the other side's error: nothing is not measured exactly. */
static double
error_of(const double sd[2])
{
	return hypot(sd[0] > 0 ? sd[0] : sd[1], sd[1] > 0 ? sd[1] : sd[0]);
}

static bool
is_told(const struct item *i)
{
	double calls = fabs((isnan(i->calls[1]) ? 0 : i->calls[1]) - (isnan(i->calls[0]) ? 0 : i->calls[0]));

	if (i->seconds[0] <= 0 && i->seconds[1] <= 0)
		return false;
	return fabs(change_of(i)) > Z * error_of(i->sd) || calls > Z * error_of(i->calls_sd) + 1e-9;
}

static int
largest_first(const void *left, const void *right)
{
	double l = fabs(change_of(left)), r = fabs(change_of(right));
	int by_name = strcmp(((const struct item *)left)->what, ((const struct item *)right)->what);
	return l > r ? -1 : l < r ? 1 : by_name;
}

static double
seconds_per_request(const struct run *r)
{
	const struct run_trace *t = &r->evidence.trace;
	double sum = 0;

	for (size_t i = 0; i < t->n_routes; i++)
		if (!t->routes[i].scope || strcmp(t->routes[i].scope, "all") == 0)
			sum += (double)t->routes[i].requests * t->routes[i].seconds;
	return t->requests > 0 ? sum / requests_of(r) : NAN;
}

/* The whole change that a sort is a part of: of the CPU time for functions, else of a request's. Parts
 * that cancel out are more than the whole; then they are the measure. */
static double
whole_of(const struct profiles *p, bool functions)
{
	double before = functions ? p->cpu[0] : seconds_per_request(p->runs[0]);
	double after = functions ? p->cpu[1] : seconds_per_request(p->runs[1]);
	double parts = 0;

	for (size_t i = 0; i < p->n; i++)
		if ((strcmp(p->items[i].kind, "function") == 0) == functions && is_told(&p->items[i]))
			parts += fabs(change_of(&p->items[i]));
	double whole = fabs(after - before);
	return whole > parts ? whole : parts;
}

static void
tell(const struct profiles *p, struct run *r, struct run_proof *proof)
{
	double cpu = whole_of(p, true), time = whole_of(p, false);

	if (p->n)
		qsort(p->items, p->n, sizeof(*p->items), largest_first);
	for (size_t i = 0; i < p->n && proof->n_differences < MOST_TOLD; i++) {
		const struct item *from = &p->items[i];
		if (!is_told(from))
			continue;
		double whole = strcmp(from->kind, "function") == 0 ? cpu : time;
		struct run_difference *to = RUN_ADD(r, difference, proof->differences, proof->n_differences);
		to->kind = from->kind;
		to->what = run_str(r, from->what);
		to->route = run_str(r, from->route);
		to->before = from->seconds[0];
		to->after = from->seconds[1];
		to->calls_before = from->calls[0];
		to->calls_after = from->calls[1];
		to->share = whole > 0 ? change_of(from) / whole : NAN;
	}
}

/* ---- the two runs -------------------------------------------------------------------------- */

/* The CPU time of a request: from the pairs where they are, for those drift least. */
static void
cpu_per_request(struct profiles *p, const struct run_proof *proof)
{
	p->cpu_sd = BETWEEN_CPU;
	p->cpu[0] = p->runs[0]->baseline.cpu_per_request;
	p->cpu[1] = p->runs[1]->baseline.cpu_per_request;
	for (size_t i = 0; i < proof->n_comparisons; i++) {
		const struct run_comparison *c = &proof->comparisons[i];
		if (c->route || !c->metric || strcmp(c->metric, "cpu_per_request") != 0 ||
		    !(c->before > 0) || !(c->after > 0))
			continue;
		p->cpu[0] = c->before;
		p->cpu[1] = c->after;
		if (proof->source != SOURCE_ESTIMATED && c->low > 0 && c->high >= c->low)
			p->cpu_sd = log(c->high / c->low) / (2 * 1.96) / M_SQRT2;
	}
}

void
compare_profiles(const struct run *a, const struct run *b, struct run *r, struct run_proof *proof)
{
	struct profiles p = { .runs = { a, b }, .arena = arena_new() };

	proof->n_differences = 0;
	proof->differences = NULL;
	cpu_per_request(&p, proof);
	compare_functions(&p);
	if (a->evidence.trace.requests > 0 && b->evidence.trace.requests > 0) {
		compare_called(&p, 0);
		compare_called(&p, 1);
		compare_waits(&p, 0);
		compare_waits(&p, 1);
	}
	tell(&p, r, proof);
	compare_diff_stacks(a, b, p.cpu, r, proof);
	map_done(&p.ids);
	arena_free(p.arena);
}

/* SPDX-License-Identifier: MIT */
/* A runtime that collects gives pages back after each collection, and faults them in again as the program goes
 * on allocating: in the program's functions, though none of them touches new memory by its own will. What its full
 * collections leave tells what the program keeps. */
#include "diagnose/heap.h"

#include <math.h>

#include "diagnose/text.h"

#define COLLECTIONS_MIN 1       /* a second */
#define REQUESTS_MIN    500     /* between two collections that are compared */
#define LEAK_MIN_BYTES  256     /* a request */
#define LEAK_STEADY_MIN 0.6     /* of what each left before */
#define LEAK_GROWTH_MIN 0.02    /* of the heap */
#define GC_MIN          0.03    /* of the time: with less the pages may be another's */

static bool
is_collected(const struct facts *f)
{
	static const char *const paging[] = { "node", "deno", "bun", "java", "go", NULL };

	for (size_t i = 0; i < f->trace->n_gc; i++) {
		const struct run_gc *g = &f->trace->gc[i];
		if (text_in(g->runtime, paging) && f->trace->seconds > 0
		    && (double)g->collections / f->trace->seconds >= COLLECTIONS_MIN)
			return true;
	}
	return false;
}

double
heap_churn(const struct facts *f)
{
	const char *by;

	if (f->charged[PART_GC] < GC_MIN || !is_collected(f))
		return 0;
	return fmin(f->charged[PART_FAULT] + facts_with_runqueue(f, facts_faults(f, &by)), 1);
}

/* Requests answered by then, seconds of the run. */
static double
answered_by(const struct run *r, double at)
{
	double n = 0;

	for (size_t i = 0; i < r->evidence.n_phases; i++) {
		const struct run_phase *p = &r->evidence.phases[i];
		double part = p->seconds > 0 ? fmin(fmax((at - p->started) / p->seconds, 0), 1) : at > p->started;
		n += p->answered > 0 ? part * p->answered : 0;
	}
	return n;
}

static double
grown_a_request(const struct facts *f, const struct run_kept *from, const struct run_kept *to)
{
	double began = f->phase->started;
	double requests = answered_by(f->run, began + to->at) - answered_by(f->run, began + from->at);

	return requests >= REQUESTS_MIN ? (to->bytes - from->bytes) / requests : NAN;
}

/* Requests come at very different rates before and while traced: what each of them leaves behind is compared. */
static struct heap_growth
growth_of(const struct facts *f, const struct run_gc *g)
{
	struct heap_growth ret = { .against = 1 };
	size_t base = 0;

	while (base + 1 < g->n_kept && g->kept[base + 1].at <= 0)
		base++;
	if (!f->phase || base + 1 >= g->n_kept)
		return ret;
	ret.first = g->kept[base].bytes;
	ret.last = g->kept[g->n_kept - 1].bytes;
	ret.per_request = grown_a_request(f, &g->kept[base], &g->kept[g->n_kept - 1]);
	ret.seen = isfinite(ret.per_request);
	double before = base ? grown_a_request(f, &g->kept[0], &g->kept[base]) : NAN;
	if (before > 0)
		ret.against = ret.per_request / before;
	return ret;
}

struct heap_growth
heap_growth(const struct facts *f)
{
	struct heap_growth most = { .against = 1 };

	for (size_t i = 0; i < f->trace->n_gc; i++) {
		struct heap_growth g = growth_of(f, &f->trace->gc[i]);
		if (g.seen && (!most.seen || g.per_request > most.per_request))
			most = g;
	}
	return most;
}

bool
heap_leaks(const struct heap_growth *h)
{
	return h->seen && h->per_request >= LEAK_MIN_BYTES && h->against >= LEAK_STEADY_MIN &&
	    h->last - h->first >= LEAK_GROWTH_MIN * h->last;
}

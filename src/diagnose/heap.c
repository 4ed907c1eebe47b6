/* SPDX-License-Identifier: MIT */
/* A runtime that collects gives pages back after each collection, and faults them in again as the program goes
 * on allocating: in the program's functions, though none of them touches new memory by its own will. What its full
 * collections leave tells what the program keeps. */
#include "diagnose/heap.h"

#include <math.h>

#include "diagnose/text.h"

#define COLLECTIONS_MIN 1       /* a second */
#define POINTS_MIN      3
#define REQUESTS_MIN    2000    /* from the first to the last: what is under way at a time comes and goes */
#define LEAK_MIN_BYTES  256     /* a request */
#define LEAK_STEADY_MIN 0.6     /* of what each left before */
#define LEAK_GROWTH_MIN 0.05    /* of the heap */
#define LEAK_LINE_MIN   0.95    /* r squared */
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
answered_at(const struct facts *f, const struct run_kept *k)
{
	return answered_by(f->run, f->phase->started + k->at);
}

/* Of a line through what was left, over the requests answered by then: its slope, and r squared. */
struct line { double slope, fits; };

static struct line
line_through(const struct facts *f, const struct run_kept *k, size_t n)
{
	double x = 0, y = 0, xx = 0, xy = 0, yy = 0;

	for (size_t i = 0; i < n; i++) {
		double requests = answered_at(f, &k[i]) - answered_at(f, &k[0]), bytes = k[i].bytes - k[0].bytes;
		x += requests / (double)n;
		y += bytes / (double)n;
		xx += requests * requests / (double)n;
		xy += requests * bytes / (double)n;
		yy += bytes * bytes / (double)n;
	}
	double wide = xx - x * x, high = yy - y * y, both = xy - x * y;
	return (struct line){ wide > 0 ? both / wide : NAN, wide > 0 && high > 0 ? both * both / (wide * high) : 0 };
}

/* Requests come at very different rates before and while traced: what each of them leaves behind is compared. */
static struct heap_growth
growth_of(const struct facts *f, const struct run_gc *g)
{
	struct heap_growth ret = { .against = 1 };
	size_t base = 0;

	while (base + 1 < g->n_kept && g->kept[base + 1].at <= 0)
		base++;
	if (!f->phase || base + POINTS_MIN > g->n_kept)
		return ret;
	const struct run_kept *first = &g->kept[base], *last = &g->kept[g->n_kept - 1];
	struct line now = line_through(f, first, g->n_kept - base), before = line_through(f, g->kept, base + 1);
	struct line all = line_through(f, g->kept, g->n_kept);
	ret.first = first->bytes;
	ret.last = last->bytes;
	ret.per_request = now.slope;
	ret.steady = fmin(now.fits, all.fits);
	ret.seen = answered_at(f, last) - answered_at(f, first) >= REQUESTS_MIN && isfinite(now.slope);
	if (before.slope > 0)
		ret.against = now.slope / before.slope;
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
	    h->steady >= LEAK_LINE_MIN && h->last - h->first >= LEAK_GROWTH_MIN * h->last;
}

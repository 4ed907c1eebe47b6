/* SPDX-License-Identifier: MIT */
/* Which of the requests are in a function, and how many of them at the same time: work that all requests
 * do, that some do, or that some do together.
 *
 * A visit is a request's time from its first sample in the function to its last. What a visit meets is
 * weighted by time, as a request in the function would see it, and stands beside what visits that come
 * independently of each other would meet (M/G/infinity: itself and the mean). Only samples tell, so
 * functions that take less than a few sample periods per visit are not judged. */
#include "trace/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define OF_SPAN_MAX   32       /* functions of one request that are kept apart */
#define SAMPLES_MIN   1.5      /* per visit, mean: fewer would overlook visits */
#define VISITS_MIN    20

struct visit { int64_t from, to; uint32_t function; uint32_t samples; };
struct visits { struct visit *items; size_t n; };

static void
note_sample(struct visit *of_span, size_t *n, uint32_t function, int64_t time, int64_t period)
{
	for (size_t i = 0; i < *n; i++)
		if (of_span[i].function == function) {
			of_span[i].to = time + period;
			of_span[i].samples++;
			return;
		}
	if (*n < OF_SPAN_MAX)
		of_span[(*n)++] = (struct visit){ time, time + period, function, 1 };
}

static void
visits_of_span(struct summary *s, const struct span *span, struct visits *all)
{
	struct visit of_span[OF_SPAN_MAX];
	int64_t period = (int64_t)(s->sample_seconds * 1e9);
	size_t n = 0;

	for (uint32_t i = span->first; i != NOBODY; i = s->a->segments[i].next) {
		const struct segment *g = &s->a->segments[i];
		for (size_t k = summary_first_sample(s, g->thread, g->start); k < s->n_samples[g->thread]; k++) {
			const struct tape_sample *sample = &s->a->tape->samples[s->samples[g->thread][k]];
			if (sample->time >= g->end)
				break;
			note_sample(of_span, &n, summary_view(s, sample->stack)->function, sample->time, period);
		}
	}
	for (size_t i = 0; i < n; i++)
		*ARENA_PUSH(s->arena, all->items, all->n) = of_span[i];
}

static int
by_function(const void *left, const void *right)
{
	const struct visit *l = left, *r = right;
	if (l->function != r->function)
		return l->function < r->function ? -1 : 1;
	return l->from < r->from ? -1 : l->from > r->from;
}

/* Of visits in order of their beginning: each pair that overlaps is met twice, and each meets itself. */
static double
met(const struct visit *v, size_t n, double whole)
{
	double together = whole;

	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n && v[k].from < v[i].to; k++)
			together += 2.0 * (double)((v[k].to < v[i].to ? v[k].to : v[i].to) - v[k].from);
	return together / whole;
}

static void
tell(struct summary *s, const struct visit *v, size_t n, double requests)
{
	struct run_trace *t = &s->r->evidence.trace;
	const char *name = tape_text(s->a->tape, v->function);
	double whole = 0, samples = 0;

	for (size_t i = 0; i < n; i++) {
		whole += (double)(v[i].to - v[i].from);
		samples += v[i].samples;
	}
	if (!name || n < VISITS_MIN || samples < SAMPLES_MIN * (double)n)
		return;
	for (size_t i = 0; i < t->n_functions; i++) {
		struct run_function *f = &t->functions[i];
		if (!f->application || strcmp(f->name, name) != 0)
			continue;
		f->requests = (double)n / requests;
		f->at_once = met(v, n, whole);
		f->at_once_even = 1 + whole / 1e9 / t->seconds;
	}
}

void
summary_bursts(struct summary *s)
{
	struct visits all = { 0 };
	double requests = 0;

	for (size_t i = 0; i < s->a->n_spans; i++)
		if (s->a->spans[i].complete) {
			visits_of_span(s, &s->a->spans[i], &all);
			requests++;
		}
	sort_list(all.items, all.n, sizeof(*all.items), by_function);
	for (size_t i = 0, next; i < all.n; i = next) {
		for (next = i; next < all.n && all.items[next].function == all.items[i].function; next++)
			continue;
		tell(s, &all.items[i], next - i, requests);
	}
}

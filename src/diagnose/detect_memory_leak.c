/* SPDX-License-Identifier: MIT */
/* The service's memory grows with every request and does not stop.
 *
 * Growth of a filling cache or of a heap that warms up slows down; a leak does not: the later half
 * of what is looked at must grow nearly as fast as the earlier. It seldom limits latency now, so
 * it comes after what does, with the time until the memory ends. A minute of load cannot tell a
 * slow cache from a leak for certain, so confidence is bounded. */
#include <math.h>

#include "diagnose/detect.h"
#include "diagnose/heap.h"
#include "diagnose/memory.h"
#include "diagnose/text.h"

#define GROWTH_PER_MINUTE  0.01           /* of the resident size */
#define SLOPE_MIN_BYTES    (256 * 1024)   /* per second ... */
#define REQUEST_MIN_BYTES  256            /* ... or per request */
#define STEADY_MIN         0.4            /* later growth against earlier */
#define PER_REQUEST_MIN    0.6            /* growth per request now against before */
#define POINTS_MIN         8
#define STEPS_MIN          4              /* in which it grows while traced */
#define CONFIDENCE         0.75
#define UNSURE             0.5
#define KEPT_MIN           0.5            /* of the growth of a Java machine: left by collections */

/* The series' value at a time of the run; its points are evenly spaced over all of it. */
static double
value_at(const struct run *r, const struct run_series *s, double seconds)
{
	const struct run_phase *last = &r->evidence.phases[r->evidence.n_phases - 1];
	double whole = fmax(last->started + last->seconds, 1e-3);
	double at = fmin(fmax(seconds / whole, 0), 1) * (s->n_points - 1);

	return s->points[isfinite(at) ? (size_t)at : 0];
}

/* Growth per request while traced, over that of the search before it: about 1 for a leak, less
 * for caches that fill. 1 when there is nothing to compare. */
static double
against_search(const struct facts *f, const struct run_series *s)
{
	const struct run *r = f->run;
	double began = INFINITY, requests = 0;

	if (s->n_points < POINTS_MIN || !f->phase || f->phase->answered <= 0)
		return 1;
	for (size_t i = 0; i < r->evidence.n_phases; i++) {
		const struct run_phase *p = &r->evidence.phases[i];
		if (!text_has(p->name, "knee") || p->answered <= 0)
			continue;
		began = fmin(began, p->started);
		requests += p->answered;
	}
	double bytes = requests > 0 ? value_at(r, s, f->phase->started) - value_at(r, s, began) : 0;
	double now = value_at(r, s, f->phase->started + f->phase->seconds)
	    - value_at(r, s, f->phase->started);
	double ratio = now / f->phase->answered / (bytes / requests);
	return requests > 0 && bytes > 0 && isfinite(ratio) ? fmin(ratio, 1) : 1;
}

/* How often the series was higher than ever while traced: what is kept of each request adds up in many steps, what is
 * set up once in a while, or comes back to what it was under more load, does not. STEPS_MIN when there are too few
 * points to say. */
static size_t
steps(const struct facts *f, const struct run_series *s)
{
	const struct run *r = f->run;
	double highest = 0;
	size_t n = 0;

	if (s->n_points < POINTS_MIN || !f->phase)
		return STEPS_MIN;
	const struct run_phase *last = &r->evidence.phases[r->evidence.n_phases - 1];
	double apart = fmax(last->started + last->seconds, 1e-3) / (double)(s->n_points - 1);
	double from = f->phase->started / apart, to = (f->phase->started + f->phase->seconds) / apart;
	if (!(to - from >= POINTS_MIN))
		return STEPS_MIN;
	for (size_t i = 0; i < s->n_points && (double)i <= to + 1; i++) {
		n += i > (size_t)from && s->points[i] > highest;
		highest = fmax(highest, s->points[i]);
	}
	return n;
}

/* Later growth over earlier growth in the second half of the series; 1 when too short to say. */
static double
steadiness(const struct run_series *s)
{
	size_t from = s->n_points / 2, middle = from + (s->n_points - from) / 2;

	if (s->n_points < POINTS_MIN)
		return 1;
	double earlier = s->points[middle] - s->points[from];
	double later = s->points[s->n_points - 1] - s->points[middle];
	if (!isfinite(earlier) || !isfinite(later))
		return 1;
	return earlier > 0 ? later / earlier : later > 0 ? 1 : 0;
}

/* V8 moves what survives its small collections into the old heap, where only a full one looks for
 * garbage: until that has been, growth may be either. */
static bool
garbage_was_looked_for(const struct facts *f)
{
	int64_t full = 0;

	if (!text_same(facts_runtime(f), "node"))
		return true;
	for (size_t i = 0; i < f->trace->n_gc; i++)
		full += f->trace->gc[i].full;
	return full > 0;
}

static struct run_finding *
say(const struct facts *f, struct draft *d, const struct run_series *s, double per_s, double confidence)
{
	double rss = fmax(s->mean, isfinite(s->max) ? s->max : 0);
	bool own;
	double left = fmax(0, memory_limit(f->run, &own) - rss);
	const struct run_process *first = facts_first_process(f);
	struct run_finding *out = finding_add(d, 0, confidence, run_printf(f->run, "memory of %s",
	    first && first->name ? first->name : "the service"));

	out->summary = run_printf(f->run, "memory grows by %s per second%s%s", SIZE(per_s),
	    isfinite(left) ? "; it reaches " : "",
	    isfinite(left) ? run_printf(f->run, "%s in %s", own ? "its memory limit"
	        : "the host's memory", DURATION(left / per_s)) : "");
	finding_evidence(d, "resident size %s", SIZE(rss));
	return out;
}

static void
tell_heap(const struct facts *f, struct draft *d, const struct run_series *s, const struct heap_growth *h)
{
	say(f, d, s, h->per_request * f->run->baseline.throughput, CONFIDENCE);
	finding_evidence(d, "collections of the whole heap left %s before and %s in the end: %s per request",
	    SIZE(h->first), SIZE(h->last), SIZE(h->per_request));
	if (h->against < 1)
		finding_against(d, "before that each request left %s", SIZE(h->per_request / h->against));
}

static void
tell(const struct facts *f, struct draft *d, const struct run_series *s)
{
	double per_request = s->slope_per_s / f->run->baseline.throughput;
	bool sure = garbage_was_looked_for(f);

	say(f, d, s, s->slope_per_s, sure ? CONFIDENCE : UNSURE);
	finding_evidence(d, "resident size grows by %s/s (between %s/s and %s/s)", SIZE(s->slope_per_s),
	    SIZE(s->slope_low), SIZE(s->slope_high));
	if (isfinite(per_request) && per_request > 0)
		finding_evidence(d, "%s per request", SIZE(per_request));
	if (s->n_points >= POINTS_MIN)
		finding_evidence(d, "later growth is %.2g times the earlier: it does not level off",
		    steadiness(s));
	else
		finding_against(d, "the series is short: a cache that still fills looks the same");
	if (!sure)
		finding_against(d, "no full collection was seen meanwhile: garbage in the old heap looks the same");
}

/* A Java machine grows into the heap that it was given whatever the program does: only what its
 * collections leave behind tells of a leak. NULL: that grows too, or it is no Java. */
static const char *
heap_only(const struct facts *f, const struct run_series *s)
{
	double kept = 0;

	if (!text_same(facts_runtime(f), "java"))
		return NULL;
	for (size_t i = 0; i < f->trace->n_gc; i++)
		if (text_same(f->trace->gc[i].runtime, "java") && f->trace->gc[i].kept_per_s > 0)
			kept += f->trace->gc[i].kept_per_s;
	if (kept >= KEPT_MIN * s->slope_per_s)
		return NULL;
	return run_printf(f->run, "resident memory grows by %s/s, but what the collections of the Java heap "
	    "leave only by %s/s: the heap fills up to its limit", SIZE(s->slope_per_s), SIZE(kept));
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_series *s = facts_series(f, "service_rss_bytes");
	double per_request = s ? s->slope_per_s / f->run->baseline.throughput : NAN;
	struct heap_growth heap = heap_growth(f);

	if (!s || isnan(s->slope_per_s))
		rule_out(d, "the growth of memory was not measured");
	else if (heap_leaks(&heap))
		tell_heap(f, d, s, &heap);
	else if (!(s->slope_low > 0))
		rule_out(d, "resident memory does not grow for certain (%s/s)", SIZE(s->slope_per_s));
	else if (60 * s->slope_per_s < GROWTH_PER_MINUTE * s->mean
	    || (s->slope_per_s < SLOPE_MIN_BYTES && !(per_request >= REQUEST_MIN_BYTES)))
		rule_out(d, "resident memory grows by only %s/s", SIZE(s->slope_per_s));
	else if (steps(f, s) < STEPS_MIN)
		rule_out(d, "resident memory grew beyond what it was before in %zu steps only (%s/s)", steps(f, s),
		    SIZE(s->slope_per_s));
	else if (steadiness(s) < STEADY_MIN)
		rule_out(d, "memory grew, but levels off (later growth %.2g times the earlier)",
		    steadiness(s));
	else if (against_search(f, s) < PER_REQUEST_MIN)
		rule_out(d, "memory grew, but less and less per request (%.2g times the growth before): "
		    "caches fill", against_search(f, s));
	else if (heap_only(f, s))
		rule_out(d, "%s", heap_only(f, s));
	else
		tell(f, d, s);
}

const struct detector detect_memory_leak = {
	.kind = "memory.leak", .class = CLASS_MEMORY, .needs = NEEDS_SERIES, .weight = WEIGHT_GROWTH,
	.detect = detect,
	.about = "memory grows with every request",
};

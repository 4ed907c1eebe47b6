/* SPDX-License-Identifier: MIT */
#include "load/promise.h"

#include <math.h>

#include "base/clock.h"
#include "stats/interval.h"

#define ERRORS_ALLOWED 0.01
#define P99_GROWTH     10
#define P99_GROWTH_S   0.050
#define BEHIND_ALLOWED 0.02

static double
latency_q(enum target_metric m)
{
	switch (m) {
	case TARGET_LATENCY_P50: return 0.5;
	case TARGET_LATENCY_P95: return 0.95;
	case TARGET_LATENCY_P99: return 0.99;
	case TARGET_LATENCY_P999: return 0.999;
	default: return NAN;
	}
}

static double
p99_allowed(const struct promise *promise)
{
	return fmax(P99_GROWTH * promise->p99, promise->p99 + P99_GROWTH_S);
}

double
promise_latency(const struct promise *promise)
{
	double most = NAN;

	for (size_t i = 0; i < promise->spec->n_targets; i++)
		if (target_is_latency(promise->spec->targets[i].metric))
			most = fmax(isnan(most) ? 0 : most, promise->spec->targets[i].limit);
	return isnan(most) ? p99_allowed(promise) : most;
}

/* ---- latency ------------------------------------------------------------------------------- */

/* One percentile, or mean, and what is allowed of it. */
struct limit {
	struct interval seen;      /* seconds */
	double allowed;
};

/* Of the mean there is no interval here: it counts by its value. */
static struct limit
limit_of(const struct target *t, const struct histogram *h)
{
	double q = latency_q(t->metric), mean = histogram_mean(h) / 1e9;

	if (isnan(q))
		return (struct limit){ { mean, mean, mean }, t->limit };
	struct interval i = interval_quantile(h, q);
	return (struct limit){ { i.value / 1e9, i.low / 1e9, i.high / 1e9 }, t->limit };
}

/* Every limit in turn; the preset one where no latency is promised. False: no more. */
static bool
next_limit(const struct promise *promise, const struct histogram *h, size_t *at, struct limit *ret)
{
	const struct spec *spec = promise->spec;
	const struct target preset = { .metric = TARGET_LATENCY_P99, .limit = p99_allowed(promise) };
	bool any = false;

	for (size_t i = 0; i < spec->n_targets; i++) {
		if (!target_is_latency(spec->targets[i].metric))
			continue;
		any = true;
		if (i < *at)
			continue;
		*at = i + 1;
		*ret = limit_of(&spec->targets[i], h);
		return true;
	}
	if (any || *at)
		return false;
	*at = 1;
	*ret = limit_of(&preset, h);
	return true;
}

static bool
latency_missed(const struct promise *promise, const struct histogram *h)
{
	struct limit l;
	bool missed = false;

	for (size_t at = 0; next_limit(promise, h, &at, &l);)
		missed = missed || (promise->exact ? l.seen.value : l.seen.low) > l.allowed;
	return missed;
}

bool
promise_decided(const struct promise *promise, const struct histogram *h, bool *ret_missed)
{
	struct limit l;
	bool all = true;

	*ret_missed = false;
	for (size_t at = 0; next_limit(promise, h, &at, &l);) {
		*ret_missed = *ret_missed || l.seen.low > l.allowed;
		all = all && l.seen.high < l.allowed;
	}
	return *ret_missed || all;
}

/* ---- errors and throughput ----------------------------------------------------------------- */

double
promise_errors(const struct promise *promise)
{
	const struct spec *spec = promise->spec;
	double allowed = NAN;

	for (size_t i = 0; i < spec->n_targets; i++) {
		const struct target *t = &spec->targets[i];
		if (t->metric == TARGET_ERRORS)
			allowed = fmin(isnan(allowed) ? 1 : allowed, t->limit);
		else if (t->metric == TARGET_AVAILABILITY)
			allowed = fmin(isnan(allowed) ? 1 : allowed, 1 - t->limit);
	}
	return isnan(allowed) ? ERRORS_ALLOWED : allowed;
}

bool
promise_errors_missed(const struct promise *promise, int64_t failed, int64_t sent)
{
	double expected = promise_errors(promise) * (double)sent;
	return (double)failed > expected + 2 * sqrt(expected);
}

/* At the end of a phase some requests are under way in any case: by Little's law rate x latency.
 * Exactly, that is the latency of the phase itself: in a queue that stands there are so many, in one
 * that grows evenly twice as many. */
static bool
throughput_missed(const struct promise *promise, const struct run_phase *p,
    const struct histogram *latency, int64_t planned_ns)
{
	double done = p->throughput * p->seconds + (double)(p->errors + p->timeouts);
	double mean = promise->exact ? fmax(promise->mean, histogram_mean(latency) / 1e9)
	    : promise->mean;
	double under_way = p->rate * mean;
	double allowed = BEHIND_ALLOWED * (double)p->scheduled + 1.25 * under_way +
	    3 * sqrt(under_way) + 2;
	return p->seconds < 0.95 * ns_to_s(planned_ns) || (double)p->scheduled - done > allowed;
}

const char *
promise_missed_by(const struct promise *promise, const struct run_phase *p,
    const struct histogram *latency, int64_t planned_ns)
{
	return promise_errors_missed(promise, p->errors + p->timeouts, p->sent) ? "errors"
	    : throughput_missed(promise, p, latency, planned_ns) ? "throughput"
	    : latency_missed(promise, latency) ? "latency" : NULL;
}

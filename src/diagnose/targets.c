/* SPDX-License-Identifier: MIT */
#include "diagnose/targets.h"

#include <math.h>
#include <stddef.h>

#include "diagnose/text.h"

#define RATE_REACHED  0.95   /* of the promised load counts as reached */
#define Z95           1.96
#define SECONDS_MIN   5      /* fewer blocks than this give no interval */

static const struct latency_metric {
	const char *metric, *word;
	size_t offset;
} latency_metrics[] = {
	{ "latency_mean", "mean", offsetof(struct run_latency, mean) },
	{ "latency_p50", "p50", offsetof(struct run_latency, p50) },
	{ "latency_p95", "p95", offsetof(struct run_latency, p95) },
	{ "latency_p99", "p99", offsetof(struct run_latency, p99) },
	{ "latency_p999", "p999", offsetof(struct run_latency, p999) },
};

static const struct latency_metric *
latency_metric(const struct run_target *t)
{
	for (size_t i = 0; i < sizeof(latency_metrics) / sizeof(latency_metrics[0]); i++)
		if (text_same(t->metric, latency_metrics[i].metric))
			return &latency_metrics[i];
	return NULL;
}

bool
target_is_rate(const struct run_target *t)
{
	return text_same(t->metric, "rate");
}

static bool
at_least(const struct run_target *t)
{
	return t->op && t->op[0] == '>';
}

static bool
holds(const struct run_target *t, double v)
{
	return at_least(t) ? v >= t->limit : v <= t->limit;
}

static double
failures(const struct run_baseline *b)
{
	return b->error_rate + (isfinite(b->timeout_rate) ? b->timeout_rate : 0);
}

/* Was the promised load offered in the measurement that r->baseline describes? */
static bool
load_reached(const struct run *r, const struct run_target *t)
{
	return !(t->at_rate > 0) || r->baseline.rate >= RATE_REACHED * t->at_rate;
}

/* The first point of the curve at the promised load; NULL: the search did not get there. */
static const struct run_point *
point_at(const struct run *r, double rate)
{
	const struct run_point *best = NULL;

	for (size_t i = 0; i < r->capacity.n_curve; i++) {
		const struct run_point *p = &r->capacity.curve[i];
		if (p->rate >= RATE_REACHED * rate && (!best || p->rate < best->rate))
			best = p;
	}
	return best;
}

/* 95 % by the spread of the seconds of the measurement. */
static double
half_width(const struct run *r, const struct run_target *t)
{
	double sum = 0, squares = 0;
	size_t n = 0;

	for (size_t i = 0; i < r->evidence.n_phases; i++) {
		const struct run_phase *p = &r->evidence.phases[i];
		if (!text_same(p->name, "trace") && !text_same(p->name, "peak")
		    && !(text_same(p->name, "baseline") && r->evidence.n_phases <= 2))
			continue;
		for (size_t k = 0; k < p->n_latency_by_second; k++)
			if (isfinite(p->latency_by_second[k])) {
				sum += p->latency_by_second[k];
				squares += p->latency_by_second[k] * p->latency_by_second[k];
				n++;
			}
	}
	if (n < SECONDS_MIN || sum <= 0)
		return NAN;
	double mean = sum / n, variance = fmax(0, squares / n - mean * mean);
	double relative = text_same(t->metric, "latency_p50") || text_same(t->metric, "latency_mean")
	    ? r->evidence.noise : sqrt(variance) / mean;
	return Z95 * relative / sqrt(n) * t->value;
}

/* What the promise is about: all requests, or those of its route; NULL: no such route. */
static const struct run_route *
route_of(const struct run *r, const struct run_target *t)
{
	for (size_t i = 0; i < r->baseline.n_routes; i++)
		if (text_same(r->baseline.routes[i].route, t->route))
			return &r->baseline.routes[i];
	return NULL;
}

/* Of one route there are no seconds to tell an interval from. */
static void
fill_route(const struct run *r, struct run_target *t, const struct latency_metric *m)
{
	const struct run_route *route = route_of(r, t);

	if (!route)
		return;
	if (m)
		t->value = *(const double *)((const char *)&route->latency + m->offset);
	else if (text_same(t->metric, "errors"))
		t->value = route->error_rate;
	else if (text_same(t->metric, "availability"))
		t->value = 1 - route->error_rate;
	else if (target_is_rate(t))
		t->value = route->rate;
}

static void
fill_latency(const struct run *r, struct run_target *t, const struct latency_metric *m)
{
	if (load_reached(r, t)) {
		t->value = *(const double *)((const char *)&r->baseline.latency + m->offset);
		double half = half_width(r, t);
		t->low = isnan(half) ? NAN : fmax(0, t->value - half);
		t->high = isnan(half) ? NAN : t->value + half;
		return;
	}
	const struct run_point *p = point_at(r, t->at_rate);
	if (p && text_same(t->metric, "latency_p50"))
		t->value = p->p50;
	else if (p && text_same(t->metric, "latency_p99"))
		t->value = p->p99;
}

/* 95 % of a proportion of the answered requests (Wilson). */
static void
fill_failures(const struct run *r, struct run_target *t, bool good)
{
	double p = failures(&r->baseline), n = 0;

	for (size_t i = 0; i < r->evidence.n_phases; i++)
		if (text_same(r->evidence.phases[i].name, "trace")
		    || text_same(r->evidence.phases[i].name, "peak") || n == 0)
			n = r->evidence.phases[i].sent;
	t->value = good ? 1 - p : p;
	if (n < 1 || isnan(p))
		return;
	double z2 = Z95 * Z95, centre = (p + z2 / (2 * n)) / (1 + z2 / n);
	double half = Z95 / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n));
	double low = fmax(0, centre - half), high = fmin(1, centre + half);
	t->low = good ? 1 - high : low;
	t->high = good ? 1 - low : high;
}

static double
gap(const struct run_target *t)
{
	double g = at_least(t) ? t->limit / t->value : t->value / t->limit;

	return isfinite(g) ? g : NAN;
}

void
targets_fill(struct run *r)
{
	for (size_t i = 0; i < r->n_targets; i++) {
		struct run_target *t = &r->targets[i];
		const struct latency_metric *m = latency_metric(t);
		t->value = t->low = t->high = t->gap = NAN;
		if (t->route)
			fill_route(r, t, m);
		else if (m)
			fill_latency(r, t, m);
		else if (text_same(t->metric, "errors"))
			fill_failures(r, t, false);
		else if (text_same(t->metric, "availability"))
			fill_failures(r, t, true);
		else if (target_is_rate(t))
			t->value = r->capacity.knee_rate;
		t->src = isnan(t->value) ? SOURCE_NONE : SOURCE_MEASURED;
		t->gap = gap(t);
		enum target_state s = target_state(r, t);
		t->met = s == TARGET_MET;
		if (isnan(t->value) && s == TARGET_MISSED)
			t->gap = t->at_rate / r->capacity.knee_rate;
	}
}

enum target_state
target_state(const struct run *r, const struct run_target *t)
{
	const struct run_capacity *c = &r->capacity;

	if (isnan(t->value)) {
		if (!latency_metric(t) || !(t->at_rate > 0) || isnan(c->knee_rate))
			return TARGET_UNMEASURED;
		if (c->at_least)
			return TARGET_UNPROVEN;
		return c->knee_rate < RATE_REACHED * t->at_rate ? TARGET_MISSED : TARGET_UNPROVEN;
	}
	if (target_is_rate(t))
		return holds(t, t->value) ? TARGET_MET : c->at_least ? TARGET_UNPROVEN : TARGET_MISSED;
	bool ok = holds(t, t->value);
	/* With a few failures too many or too few the interval is wide, but a promise of a proportion
	 * is about what happened; only latency is an estimate of something steady. */
	if (latency_metric(t) && isfinite(t->low) && holds(t, t->low) != holds(t, t->high))
		return TARGET_UNSURE;
	return ok ? TARGET_MET : TARGET_MISSED;
}

const char *
target_text(struct run *r, const struct run_target *t)
{
	const struct latency_metric *m = latency_metric(t);
	const char *value, *limit, *name = m ? m->word : t->metric ? t->metric : "?";

	if (m) {
		value = run_str(r, DURATION(t->value));
		limit = run_str(r, DURATION(t->limit));
	} else if (target_is_rate(t)) {
		value = run_str(r, RATE(t->value));
		limit = run_str(r, RATE(t->limit));
	} else if (text_same(t->metric, "errors") || text_same(t->metric, "availability")) {
		value = run_str(r, format_percent((char[24]){ 0 }, t->value));
		limit = run_str(r, format_percent((char[24]){ 0 }, t->limit));
	} else {
		return run_printf(r, "%s was not measured", name);
	}
	if (t->route)
		name = run_printf(r, "%s of %s", name, t->route);
	if (isnan(t->value) && t->route)
		return run_printf(r, "%s: no such route was asked for", name);
	if (isnan(t->value))
		return run_printf(r, "%s: the service holds only %s of the %s that its target of %s is for",
		    name, RATE(r->capacity.knee_rate), RATE(t->at_rate), limit);
	return run_printf(r, "%s %s, target %s%s%s", name, value, limit,
	    t->at_rate > 0 ? " at " : "", t->at_rate > 0 ? RATE(t->at_rate) : "");
}

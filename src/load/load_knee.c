/* SPDX-License-Identifier: MIT */
/* The search for the knee: the highest rate that the service holds.
 *
 * A rate is held when, in a step of about a second (longer where a second brings fewer than fifty
 * requests or not ten latencies, three at most), the service keeps up, errors stay within the
 * target (1 % where there is none) and latency within its targets. Where the user has set no
 * latency, p99 may grow to ten times the unloaded one, or by 50 ms if that is more: a queue that
 * grows passes it within a step, and no healthy service does. Statistical slack always favours the
 * service: a step is missed only when chance does not explain it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/stop.h"
#include "load/knee.h"
#include "load/load_int.h"
#include "stats/interval.h"

#define MOST_RATE        200e3
#define STEP_MIN_NS      (1 * NS_PER_S)
#define STEP_MAX_NS      (3 * NS_PER_S)
#define STEP_REQUESTS    50
#define STEP_LATENCIES   10
#define DRAIN_NS         (1 * NS_PER_S)
#define SETTLE_NS        (2 * NS_PER_S)
#define CALIBRATE_NS     (500 * NS_PER_MS)
#define OVERTIME_NS      (8 * NS_PER_S)
#define BRACKET_WIDE     1.25     /* missed over held: the knee would be a guess */
#define ERRORS_ALLOWED   0.01
#define P99_GROWTH       10
#define P99_GROWTH_S     0.050
#define BEHIND_ALLOWED   0.02
#define BEHIND_BY_FAR    0.10     /* no hiccup explains that */
#define BEHIND_MIN_S     0.5
#define BEHIND_MAX_S     2.0
#define GENERATOR_TRIES  3
#define GENERATOR_LOWER  4        /* as often a lower start is tried */

struct search {
	struct load *l;
	struct run *run;
	int64_t end_ns;
	double mean, p99;             /* unloaded, seconds */
	struct knee knee;
	int steps;
	int limited;                  /* steps in a row in which the generator was the limit */
	int lowered;                  /* starts given up for that */
	const char *stopped_by;
};

/* ---- is a step held? ----------------------------------------------------------------------- */

static double
latency_target_q(enum target_metric m)
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
p99_allowed(const struct search *s)
{
	return fmax(P99_GROWTH * s->p99, s->p99 + P99_GROWTH_S);
}

static bool
latency_missed(const struct search *s, const struct run_phase *p, const struct histogram *h)
{
	const struct spec *spec = s->l->spec;
	bool any = false, missed = false;

	for (size_t i = 0; i < spec->n_targets; i++) {
		const struct target *t = &spec->targets[i];
		double q = latency_target_q(t->metric);
		if (!isnan(q)) {
			any = true;
			missed = missed || interval_quantile(h, q).low / 1e9 > t->limit;
		} else if (t->metric == TARGET_LATENCY_MEAN) {
			any = true;
			missed = missed || p->latency.mean > t->limit;
		}
	}
	return any ? missed : interval_quantile(h, 0.99).low / 1e9 > p99_allowed(s);
}

static double
errors_allowed(const struct spec *spec)
{
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

static bool
errors_missed(const struct search *s, const struct run_phase *p)
{
	double expected = errors_allowed(s->l->spec) * (double)p->sent;
	return (double)(p->errors + p->timeouts) > expected + 2 * sqrt(expected);
}

/* At the end of a step some requests are under way in any case: by Little's law rate x latency. */
static bool
throughput_missed(const struct search *s, const struct run_phase *p, int64_t planned_ns)
{
	double done = p->throughput * p->seconds + (double)(p->errors + p->timeouts);
	double under_way = p->rate * s->mean;
	double allowed = BEHIND_ALLOWED * (double)p->scheduled + 1.25 * under_way +
	    3 * sqrt(under_way) + 2;
	return p->seconds < 0.95 * ns_to_s(planned_ns) || (double)p->scheduled - done > allowed;
}

static const char *
missed_by(const struct search *s, const struct run_phase *p, const struct histogram *h,
    int64_t planned_ns)
{
	return errors_missed(s, p) ? "errors"
	    : throughput_missed(s, p, planned_ns) ? "throughput"
	    : latency_missed(s, p, h) ? "latency" : NULL;
}

static bool
is_doubtful(const struct run_phase *p)
{
	return p->throughput * p->seconds >= (1 - BEHIND_BY_FAR) * (double)p->scheduled;
}

/* ---- steps --------------------------------------------------------------------------------- */

static int64_t
step_length_ns(const struct search *s, double rate, bool confirm)
{
	double seconds = fmax(STEP_REQUESTS / rate, STEP_LATENCIES * s->mean);
	int64_t ns = seconds * 1e9 < STEP_MAX_NS ? (int64_t)(seconds * 1e9) : STEP_MAX_NS;
	int64_t least = confirm ? 2 * STEP_MIN_NS : STEP_MIN_NS;
	return ns < least ? least : ns;
}

/* The highest rate that was held with nothing missed at or below it, and the lowest missed. */
static void
bracket(const struct run_capacity *c, double *ret_held, double *ret_missed)
{
	*ret_held = NAN;
	*ret_missed = INFINITY;
	for (size_t i = 0; i < c->n_curve; i++)
		if (!c->curve[i].sustained)
			*ret_missed = fmin(*ret_missed, c->curve[i].rate);
	for (size_t i = 0; i < c->n_curve; i++)
		if (c->curve[i].sustained && c->curve[i].rate < *ret_missed)
			*ret_held = fmax(isnan(*ret_held) ? 0 : *ret_held, c->curve[i].rate);
}

/* Time is up later where a rate that was held once was missed when it was to be confirmed, and
 * what is left below it is far below. */
static int64_t
deadline_ns(const struct search *s)
{
	double held, missed;

	bracket(&s->run->capacity, &held, &missed);
	bool wide = s->knee.refuted && isfinite(missed) && !(missed <= BRACKET_WIDE * held);
	return s->end_ns + (wide ? OVERTIME_NS : 0);
}

static bool
has_time(const struct search *s, int64_t length_ns)
{
	return now_ns() + length_ns < deadline_ns(s) && !stop_requested();
}

static void
add_point(struct search *s, const struct run_phase *p, bool held)
{
	struct run_capacity *c = &s->run->capacity;
	struct run_point *point = RUN_ADD(s->run, point, c->curve, c->n_curve);

	point->rate = p->rate;
	point->throughput = p->throughput;
	point->p50 = p->latency.p50;
	point->p99 = p->latency.p99;
	point->cpu = p->service_cpu;
	point->error_rate = p->sent ? (double)(p->errors + p->timeouts) / (double)p->sent : NAN;
	point->sustained = held;
}

/* Offer one rate. *ret_missed: NULL when it was held. */
static int
try_rate(struct search *s, const char *name, double rate, int64_t length_ns,
    struct run_phase **ret_phase, const char **ret_missed, struct err *e)
{
	double behind = fmin(fmax(2 * p99_allowed(s), BEHIND_MIN_S), BEHIND_MAX_S);
	struct histogram latency = { 0 };
	int64_t left = deadline_ns(s) - now_ns() - length_ns;
	struct phase_bounds bounds = {
		.drain_ns = left < DRAIN_NS ? left : DRAIN_NS,
		.behind_ns = (int64_t)(behind * 1e9),
		.ret_latency = &latency,
	};
	struct load_step step = { .name = name, .rate = rate, .for_ns = length_ns };

	int code = phase_run(s->l, &step, &bounds, false, s->run, ret_phase, e);
	if (code == 0) {
		*ret_missed = missed_by(s, *ret_phase, &latency, length_ns);
		/* What was abandoned may still be worked on: the next step begins behind it. */
		if ((*ret_phase)->in_flight && has_time(s, SETTLE_NS))
			load_settle(s->l, SETTLE_NS);
	}
	histogram_done(&latency);
	return code;
}

/* A step in which the generator was the limit tells nothing of the service. Tried again, for it may
 * have been a neighbour on the machine; where nothing has been held yet, at a lower rate. */
static void
generator_failed(struct search *s)
{
	if (++s->limited < GENERATOR_TRIES)
		return;
	s->limited = 0;
	if (!s->knee.held && s->lowered++ < GENERATOR_LOWER)
		s->knee.next /= 4;
	else
		s->stopped_by = "generator";
}

/* One step of the search. */
static int
step(struct search *s, struct err *e)
{
	struct knee *k = &s->knee;
	const char *missed;
	struct run_phase *p;

	int64_t length = step_length_ns(s, k->next, k->stage == KNEE_CONFIRM);
	if (!has_time(s, length)) {
		s->stopped_by = stop_requested() ? "interrupted" : "limit";
		return 0;
	}
	int code = try_rate(s, run_printf(s->run, "knee-%d", ++s->steps), k->next, length, &p, &missed,
	    e);
	if (code < 0)
		return code;
	if (missed && p->generator_limited) {
		generator_failed(s);
		return 0;
	}
	s->limited = 0;
	enum knee_answer answer = !missed ? KNEE_HELD : is_doubtful(p) ? KNEE_DOUBTFUL : KNEE_MISSED;
	knee_tell(k, answer);
	if (k->doubted)
		return 0;
	add_point(s, p, !missed);
	if (missed && p->rate <= k->missed)
		s->run->capacity.stopped_by = missed;
	return 0;
}

/* Latency without load: from the baseline, else one connection for half a second. */
static int
calibrate(struct search *s, struct err *e)
{
	const struct run_latency *b = &s->run->baseline.latency;
	struct load_step one = { .name = "knee-0", .closed = 1, .for_ns = CALIBRATE_NS };
	struct histogram latency = { 0 };
	struct phase_bounds bounds = { .drain_ns = DRAIN_NS, .ret_latency = &latency };
	struct run_phase *p;

	s->mean = b->mean;
	s->p99 = b->p99;
	if (!isnan(s->mean) && !isnan(s->p99) && s->mean > 0)
		return 0;
	int code = phase_run(s->l, &one, &bounds, false, s->run, &p, e);
	if (code == 0 && !latency.count)
		code = err_set(e, EPROTO, "the service answers nothing but errors, even to one request "
		                          "at a time");
	/* Half a second may bring few requests; one slow among them is not the service's habit. */
	s->mean = histogram_mean(&latency) / 1e9;
	s->p99 = interval_quantile(&latency, 0.99).low / 1e9;
	histogram_done(&latency);
	return code;
}

static bool
already_tried(const struct run_capacity *c, double rate)
{
	for (size_t i = 0; i < c->n_curve; i++)
		if (fabs(c->curve[i].rate - rate) < 0.01 * rate)
			return true;
	return false;
}

/* Targets that are promised at a rate are tested at that rate. */
static int
try_promises(struct search *s, struct err *e)
{
	const struct spec *spec = s->l->spec;
	const char *missed;
	struct run_phase *p;
	int code = 0;

	for (size_t i = 0; i < spec->n_targets && code == 0; i++) {
		double rate = spec->targets[i].at_rate;
		if (rate <= 0 || already_tried(&s->run->capacity, rate))
			continue;
		int64_t length = step_length_ns(s, rate, false);
		if (!has_time(s, length))
			break;
		code = try_rate(s, run_printf(s->run, "target-%zu", i + 1), rate, length, &p, &missed, e);
		if (code == 0 && !(missed && p->generator_limited))
			add_point(s, p, !missed);
	}
	return code;
}

static size_t
promises(const struct spec *spec)
{
	size_t n = 0;
	for (size_t i = 0; i < spec->n_targets; i++)
		n += spec->targets[i].at_rate > 0;
	return n;
}

static int
by_rate(const void *a, const void *b)
{
	const struct run_point *x = a, *y = b;
	return (x->rate > y->rate) - (x->rate < y->rate);
}

static void
conclude(struct search *s)
{
	struct run_capacity *c = &s->run->capacity;
	double missed;

	qsort(c->curve, c->n_curve, sizeof(*c->curve), by_rate);
	for (size_t i = 0; i < c->n_curve; i++)
		c->max_rate = fmax(isnan(c->max_rate) ? 0 : c->max_rate, c->curve[i].throughput);
	bracket(c, &c->knee_rate, &missed);
	c->at_least = isinf(missed);
	if (s->stopped_by && c->at_least)
		c->stopped_by = s->stopped_by;
}

int
load_find_knee(struct load *l, int64_t budget_ns, struct run *r, struct err *e)
{
	struct search s = { .l = l, .run = r, .end_ns = now_ns() + budget_ns };

	r->capacity.n_curve = 0;
	r->capacity.knee_rate = r->capacity.max_rate = NAN;
	r->capacity.stopped_by = NULL;
	int code = calibrate(&s, e);
	if (code < 0)
		return code;
	s.knee = knee_begin(0.5 / s.mean, MOST_RATE);
	int64_t reserved = (int64_t)promises(l->spec) * (STEP_MIN_NS + DRAIN_NS);
	s.end_ns -= reserved;
	while (code == 0 && s.knee.stage != KNEE_FOUND && !s.stopped_by)
		code = step(&s, e);
	s.end_ns += reserved;
	if (s.knee.stage == KNEE_FOUND && !s.knee.missed)
		s.stopped_by = "limit";
	if (code == 0)
		code = try_promises(&s, e);
	if (code < 0)
		s.stopped_by = "interrupted";
	conclude(&s);
	return code;
}

/* SPDX-License-Identifier: MIT */
/* The suite: the load tests that a service should have seen before its users come, in a row.
 *
 *   baseline   one connection: latency without load
 *   knee-N     the search for what it holds
 *   normal     half of the knee; what a normal second looks like is learnt here
 *   peak       nine tenths of the knee
 *   spike      three times the peak for a few seconds, then normal load until it is itself again
 *   stress-N   rising from the knee to four times of it, or until it breaks; then the same
 *   soak       seven tenths of the knee for a while: does latency drift?
 *
 * Recovery counts from the end of the overload. A service that dies is waited for as long as one
 * that is slow to recover. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/stop.h"
#include "load/load_int.h"
#include "load/promise.h"
#include "load/suite.h"

#define WARM_UP_CLOSED 4
#define DRAIN_NS       (2 * NS_PER_S)
#define SETTLE_NS      (2 * NS_PER_S)
#define CUT_NS         (500 * NS_PER_MS)   /* drain of an overload: what hangs is given up */
#define WELL_NS        (5 * NS_PER_S)
#define AT_MOST        200                 /* unloaded: no more requests are needed */
#define KNOCK_NS       (200 * NS_PER_MS)
#define RECOVER_MIN_NS (4 * NS_PER_S)      /* three good seconds, and the one that is told late */
#define SECONDS_MAX    64                  /* of a recovery that is looked at */
#define KNEE_PRECISION 1.07
#define NORMAL         0.5                 /* of the knee */
#define PEAK           0.9
#define SOAK           0.7
#define SPIKE          3.0                 /* of the peak */

static const double stress[] = { 1.1, 1.25, 1.6, 2, 2.5, 3.2, 4 };   /* of the knee */

/* How long everything takes. */
static const struct suite_times {
	int64_t warm_up_ns, baseline_ns, knee_ns, spike_ns, stress_ns, recover_ns;
} full_times = {
	1 * NS_PER_S, 2 * NS_PER_S, 15 * NS_PER_S, 3 * NS_PER_S, 2 * NS_PER_S, 30 * NS_PER_S
}, quick_times = {
	500 * NS_PER_MS, 1 * NS_PER_S, 10 * NS_PER_S, 2 * NS_PER_S, 1 * NS_PER_S, 15 * NS_PER_S
};

struct suite {
	struct load *l;
	struct run *run;
	const struct load_suite *plan;
	const struct suite_times *times;
	struct promise promise;
	struct suite_normal normal;
	double held;                  /* rate that it answered when all was well */
	bool gone;                    /* nothing listens any more */
};

/* ---- one phase ----------------------------------------------------------------------------- */

/* As phase_run, but a service that went away is no error. */
static int
run_phase_of(struct suite *s, const struct load_step *step, const struct phase_bounds *bounds,
    bool baseline, struct run_phase **ret, struct err *e)
{
	int code = phase_run(s->l, step, bounds, baseline, s->run, ret, e);

	s->gone = code == -ECONNREFUSED;
	if (!s->gone)
		return code;
	*e = (struct err){ 0 };
	return 0;
}

static struct run_suite_phase *
add_row(struct suite *s, const struct run_phase *p)
{
	struct run_suite *to = &s->run->suite;
	struct run_suite_phase *row = RUN_ADD(s->run, suite_phase, to->phases, to->n_phases);

	row->phase = p->name;
	row->rate = p->rate;
	row->throughput = p->throughput;
	row->p50 = p->latency.p50;
	row->p99 = p->latency.p99;
	row->error_rate = p->sent ? (double)(p->errors + p->timeouts) / (double)p->sent : NAN;
	return row;
}

/* Where it gave way: the first time, and the first time that it did so worse than that. */
static void
note_failure(struct suite *s, const struct run_suite_phase *row)
{
	struct run_suite *to = &s->run->suite;

	if (row->failure == FAILURE_NONE || row->failure == FAILURE_GENERATOR)
		return;
	if (!to->failure) {
		to->failure = row->failure;
		to->breaking_phase = row->phase;
		to->breaking_rate = row->rate;
	} else if (row->failure > to->failure && row->failure > to->worst) {
		to->worst = row->failure;
		to->worst_phase = row->phase;
		to->worst_rate = row->rate;
	}
}

/* Offer a rate and judge what came of it. */
static int
offer(struct suite *s, const struct load_step *step, int64_t drain_ns, bool baseline,
    struct run_phase **ret, struct run_suite_phase **ret_row, struct err *e)
{
	struct histogram latency = { 0 };
	struct phase_bounds bounds = { .drain_ns = drain_ns, .ret_latency = &latency };

	int code = run_phase_of(s, step, &bounds, baseline, ret, e);
	if (code == 0) {
		struct run_suite_phase *row = *ret_row = add_row(s, *ret);
		const char *missed = promise_missed_by(&s->promise, *ret, &latency, step->for_ns);
		row->missed_by = stop_requested() ? NULL : missed;
		row->failure = suite_failure(*ret, row->missed_by, s->gone, s->held);
		if (row->failure == FAILURE_CRASH)
			note_failure(s, row);
	}
	histogram_done(&latency);
	return code;
}

/* ---- recovery ------------------------------------------------------------------------------ */

static double
recovery_of(const struct run_phase *p, const struct suite_normal *normal)
{
	struct suite_second seconds[SECONDS_MAX];
	size_t n = p->n_latency_by_second < SECONDS_MAX ? p->n_latency_by_second : SECONDS_MAX;

	for (size_t i = 0; i < n; i++)
		seconds[i] = (struct suite_second){
			p->latency_by_second[i], p->rate_by_second[i], p->errors_by_second[i],
		};
	return suite_recovery(seconds, n, normal);
}

static bool
is_itself_again(void *ctx, const struct phase_view *v)
{
	struct suite_second seconds[SECONDS_MAX];
	size_t n = v->n_seconds < SECONDS_MAX ? v->n_seconds : SECONDS_MAX;

	for (size_t i = 0; i < n; i++)
		seconds[i] = (struct suite_second){
			v->seconds[i].p99, v->seconds[i].answered, v->seconds[i].errors,
		};
	return !isnan(suite_recovery(seconds, n, ctx));
}

/* Wait until something listens again. */
static void
wait_for_return(struct suite *s, int64_t end)
{
	while (s->gone && now_ns() < end && !stop_requested()) {
		s->gone = load_knock(&s->l->to, KNOCK_NS) < 0;
		if (s->gone)
			sleep_until_ns(now_ns() + KNOCK_NS);
	}
}

/* Normal load until it is normal, or goes away again. *ret_at: when, since the load was opened. */
static int
recover_once(struct suite *s, const char *after, int64_t for_ns, double *ret_at, struct err *e)
{
	struct phase_bounds bounds = {
		.drain_ns = DRAIN_NS, .enough = is_itself_again, .ctx = &s->normal,
	};
	struct load_step step = {
		.name = run_printf(s->run, "recovery-%s", after), .rate = s->normal.rate,
		.for_ns = for_ns > RECOVER_MIN_NS ? for_ns : RECOVER_MIN_NS,
	};
	struct run_phase *p;

	int code = run_phase_of(s, &step, &bounds, false, &p, e);
	if (code < 0)
		return code;
	*ret_at = p->started + recovery_of(p, &s->normal);
	add_row(s, p);
	return 0;
}

/* `since`: when the overload ended, seconds since the load was opened. */
static int
recover(struct suite *s, const char *after, double since, struct err *e)
{
	struct run_suite *to = &s->run->suite;
	int64_t end = s->l->opened_ns + (int64_t)(since * 1e9) + s->times->recover_ns;
	double at = NAN;
	int code = 0;

	do {
		wait_for_return(s, end);
		if (!s->gone && !stop_requested())
			code = recover_once(s, after, end - now_ns(), &at, e);
	} while (code == 0 && s->gone && now_ns() < end && !stop_requested());
	if (stop_requested() && isnan(at))
		return code;
	struct run_recovery *r = RUN_ADD(s->run, recovery, to->recoveries, to->n_recoveries);
	r->after = after;
	r->seconds = at - since;
	r->bound = ns_to_s(s->times->recover_ns);
	return code;
}

/* ---- the phases ---------------------------------------------------------------------------- */

static bool
is_over(const struct suite *s)
{
	return s->gone || stop_requested();
}

static int
closed(struct suite *s, const char *name, int64_t connections, int64_t for_ns, bool baseline,
    struct run_phase **ret, struct err *e)
{
	struct load_step step = {
		.name = name, .closed = connections, .for_ns = for_ns, .at_most = AT_MOST,
	};
	return phase_run(s->l, &step, &(struct phase_bounds){ .drain_ns = DRAIN_NS }, baseline, s->run,
	    ret, e);
}

static int
unloaded(struct suite *s, struct err *e)
{
	struct run_phase *p;

	int code = closed(s, "warm-up", WARM_UP_CLOSED, s->times->warm_up_ns, false, &p, e);
	if (code == 0 && !stop_requested())
		code = closed(s, "baseline", 1, s->times->baseline_ns, true, &p, e);
	if (code < 0 || stop_requested())
		return code;
	if (!p->answered)
		return err_set(e, EPROTO, "the service answers nothing but errors, even to one request at a "
		                          "time");
	add_row(s, p);
	s->promise.mean = p->latency.mean;
	s->promise.p99 = p->latency.p99;
	return 0;
}

/* It died while its knee was searched: the last step is where. */
static int
died_early(struct suite *s, struct err *e)
{
	struct run_evidence *ev = &s->run->evidence;
	struct run_phase *p = &ev->phases[ev->n_phases - 1];
	struct run_suite_phase *row = add_row(s, p);

	*e = (struct err){ 0 };
	s->gone = true;
	row->failure = FAILURE_CRASH;
	note_failure(s, row);
	int64_t began = now_ns();
	wait_for_return(s, began + s->times->recover_ns);
	if (!stop_requested()) {
		struct run_suite *to = &s->run->suite;
		struct run_recovery *r = RUN_ADD(s->run, recovery, to->recoveries, to->n_recoveries);
		r->after = p->name;
		r->bound = ns_to_s(s->times->recover_ns);
		if (!s->gone)
			r->seconds = ns_to_s(now_ns() - s->l->opened_ns) - p->started - p->seconds;
	}
	return 0;
}

static int
find_knee(struct suite *s, struct err *e)
{
	const struct load_aim aim = {
		.name = "knee", .precision = KNEE_PRECISION, .confirmations = 1,
		.well_ns = WELL_NS, .budget_ns = s->times->knee_ns,
	};
	struct run_suite *to = &s->run->suite;
	const double *knee = &s->run->capacity.knee_rate;

	int code = load_find(s->l, &aim, s->run, e);
	if (code == -ECONNREFUSED)
		code = died_early(s, e);
	if (code < 0 || stop_requested())
		return code;
	s->held = *knee;
	to->normal_rate = s->plan->normal > 0 ? s->plan->normal : NORMAL * *knee;
	to->peak_rate = s->plan->peak > 0 ? s->plan->peak : PEAK * *knee;
	return 0;
}

static int
steady(struct suite *s, const char *name, double rate, int64_t for_ns, bool baseline,
    struct run_phase **ret, struct err *e)
{
	struct load_step step = { .name = name, .rate = rate, .for_ns = for_ns };
	struct run_suite_phase *row;

	return offer(s, &step, DRAIN_NS, baseline, ret, &row, e);
}

static int
normal_and_peak(struct suite *s, struct err *e)
{
	const struct run_suite *to = &s->run->suite;
	struct run_phase *p;

	int code = steady(s, "normal", to->normal_rate, s->plan->phase_ns, false, &p, e);
	if (code < 0 || is_over(s))
		return code;
	s->normal = suite_normal(p);
	return steady(s, "peak", to->peak_rate, s->plan->phase_ns, true, &p, e);
}

static int
spike(struct suite *s, struct err *e)
{
	struct load_step step = {
		.name = "spike", .rate = SPIKE * s->run->suite.peak_rate, .for_ns = s->times->spike_ns,
	};
	struct run_suite_phase *row;
	struct run_phase *p;

	int code = offer(s, &step, CUT_NS, false, &p, &row, e);
	return code < 0 ? code : recover(s, "spike", p->started + p->seconds, e);
}

/* One step of the stress; once more where the generator was the limit, for it may have been a
 * neighbour on the machine. */
static int
stress_step(struct suite *s, const struct load_step *step, double *ret_end,
    enum run_failure *ret_failure, struct err *e)
{
	struct run_suite_phase *row;
	struct run_phase *p;
	int code = 0;

	*ret_failure = FAILURE_GENERATOR;
	for (int i = 0; i < 2 && *ret_failure == FAILURE_GENERATOR && !is_over(s); i++) {
		code = offer(s, step, CUT_NS, false, &p, &row, e);
		if (code < 0)
			return code;
		*ret_end = p->started + p->seconds;
		*ret_failure = row->failure;
		note_failure(s, row);
	}
	return 0;
}

/* Rising steps. The spike was higher than the first of them, so that its own failure counts only
 * behind theirs. */
static int
stress_steps(struct suite *s, double *ret_end, struct err *e)
{
	double base = fmax(s->held, s->run->suite.peak_rate);
	enum run_failure f = FAILURE_NONE;

	for (size_t i = 0; i < sizeof(stress) / sizeof(stress[0]); i += s->plan->quick ? 2 : 1) {
		struct load_step step = {
			.name = run_printf(s->run, "stress-%zu", i + 1), .rate = stress[i] * base,
			.for_ns = s->times->stress_ns,
		};
		/* What the step before left behind is not this one's. */
		if (i)
			load_settle(s->l, s->run, SETTLE_NS);
		int code = stress_step(s, &step, ret_end, &f, e);
		if (code < 0 || is_over(s) || suite_is_broken(f))
			return code;
	}
	return 0;
}

static void
note_spike(struct suite *s)
{
	const struct run_suite *to = &s->run->suite;

	for (size_t i = 0; i < to->n_phases; i++)
		if (strcmp(to->phases[i].phase, "spike") == 0)
			note_failure(s, &to->phases[i]);
}

static int
under_stress(struct suite *s, struct err *e)
{
	double end = 0;

	int code = stress_steps(s, &end, e);
	note_spike(s);
	return code < 0 || stop_requested() ? code : recover(s, "stress", end, e);
}

static int
soak(struct suite *s, struct err *e)
{
	struct run_suite *to = &s->run->suite;
	struct run_phase *p;

	int code = steady(s, "soak", SOAK * s->held, s->plan->soak_ns, false, &p, e);
	if (code < 0)
		return code;
	struct suite_drift d = suite_drift(p->latency_by_second, p->n_latency_by_second);
	to->drift = d.per_minute;
	to->drift_low = d.low;
	to->drift_high = d.high;
	if (d.grows)
		to->hint = "latency grows under a load that stays the same: a leak, a table or a queue that "
		           "only grows would look like this";
	return 0;
}

int
load_suite(struct load *l, const struct load_suite *plan, struct run *r, struct err *e)
{
	int (*const phases[])(struct suite *s, struct err *e) = {
		unloaded, find_knee, normal_and_peak, spike, under_stress, soak,
	};
	struct suite s = {
		.l = l, .run = r, .plan = plan, .times = plan->quick ? &quick_times : &full_times,
		.promise.spec = l->spec,
	};
	int code = 0;

	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]) && code == 0 && !is_over(&s); i++) {
		if (phases[i] == normal_and_peak && !(s.held > 0))
			break;
		code = phases[i](&s, e);
	}
	return code;
}

/* SPDX-License-Identifier: MIT */
/* The search for the highest rate that the service holds.
 *
 * A rate is held when the promises (load/promise.h) are kept in a step of about a second (longer
 * where a second brings fewer than fifty requests or not ten latencies, three at most). Statistical
 * slack favours the service: a step is missed only when chance does not explain it.
 *
 * An exact search is stricter: latency counts by its value, a step settles first and lasts until
 * the interval of the promised percentile lies on one side of its limit. While bisecting it lasts
 * also until a queue that grows would be seen: random arrivals differ by sqrt(n) from the n that
 * are expected, so that a rate which is too high by a part d of itself shows after n = (k / d)^2. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/stop.h"
#include "load/knee.h"
#include "load/load_int.h"
#include "load/promise.h"
#include "stats/interval.h"
#include "stats/slope.h"

#define MOST_RATE        200e3
#define STEP_MIN_NS      (1 * NS_PER_S)
#define STEP_MAX_NS      (3 * NS_PER_S)
#define STEP_REQUESTS    50
#define STEP_LATENCIES   10
#define EXACT_SETTLE_NS  (500 * NS_PER_MS)
#define EXACT_DEVIATIONS 1.5
#define OUTLOOK_LEAST    5        /* seconds, to tell where latency goes */
#define OUTLOOK_SECONDS  600
#define DRAIN_NS         (1 * NS_PER_S)
#define SETTLE_NS        (2 * NS_PER_S)
#define ASK_AGAIN_NS     (200 * NS_PER_MS)
#define CALIBRATE_NS     (500 * NS_PER_MS)
#define OVERTIME_NS      (8 * NS_PER_S)
#define ELSEWHERE_NS     (1500 * NS_PER_MS)   /* for workers in other processes to begin together, and to tell */
#define BRACKET_WIDE     1.25     /* missed over held: the knee would be a guess */
#define BEHIND_BY_FAR    0.10     /* no hiccup explains that */
#define BEHIND_MIN_S     0.5
#define BEHIND_MAX_S     2.0
#define GENERATOR_TRIES  3
#define GENERATOR_LOWER  4        /* as often a lower start is tried */

struct search {
	struct load *l;
	struct run *run;
	const struct load_aim *aim;
	int64_t end_ns;
	struct promise promise;
	struct knee knee;
	int steps;
	int limited;                  /* steps in a row in which the generator was the limit */
	int lowered;                  /* starts given up for that */
	const char *stopped_by;
};

static bool
is_doubtful(const struct run_phase *p)
{
	return p->throughput * p->seconds >= (1 - BEHIND_BY_FAR) * (double)p->scheduled;
}

/* ---- steps --------------------------------------------------------------------------------- */

static int64_t
at_most_ns(double seconds, int64_t most_ns)
{
	return seconds * 1e9 < (double)most_ns ? (int64_t)(seconds * 1e9) : most_ns;
}

/* The least that tells something of a rate. */
static int64_t
step_least_ns(const struct search *s, double rate)
{
	double seconds = fmax(STEP_REQUESTS / rate, STEP_LATENCIES * s->promise.mean);
	int64_t ns = at_most_ns(seconds, STEP_MAX_NS);

	if (s->aim->exact && s->knee.stage == KNEE_BISECT) {
		double needed = EXACT_DEVIATIONS / (s->aim->precision - 1);
		int64_t exact = at_most_ns(needed * needed / rate, s->aim->soak_ns);
		ns = ns > exact ? ns : exact;
	}
	return ns < STEP_MIN_NS ? STEP_MIN_NS : ns;
}

/* The most that a step may take. */
static int64_t
step_length_ns(const struct search *s, double rate)
{
	bool confirm = s->knee.stage == KNEE_CONFIRM;
	int64_t least = step_least_ns(s, rate);

	if (s->aim->exact)
		return EXACT_SETTLE_NS + (s->aim->soak_ns > least ? s->aim->soak_ns : least);
	return confirm && least < 2 * STEP_MIN_NS ? 2 * STEP_MIN_NS : least;
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
add_point(struct search *s, const struct run_phase *p, const struct histogram *latency,
    const char *missed)
{
	struct run_capacity *c = &s->run->capacity;
	struct run_point *point = RUN_ADD(s->run, point, c->curve, c->n_curve);

	point->phase = p->name;
	point->rate = p->rate;
	point->throughput = p->throughput;
	point->p50 = histogram_quantile(latency, 0.5) / 1e9;
	point->p99 = histogram_quantile(latency, 0.99) / 1e9;
	point->cpu = p->service_cpu;
	point->error_rate = p->sent ? (double)(p->errors + p->timeouts) / (double)p->sent : NAN;
	point->sustained = !missed;
	point->missed_by = missed;
}

/* What came of one rate. */
struct outcome_of_step {
	struct run_phase *phase;
	struct histogram latency;     /* the caller releases it */
	const char *missed;           /* NULL: it was held */
};

/* When an exact step may end before its time. */
struct step_end {
	const struct promise *promise;
	int64_t least_ns;             /* not before it, if it holds */
	bool early;
};

static bool
is_decided(void *ctx, const struct phase_view *v)
{
	struct step_end *end = ctx;
	bool missed;
	int64_t failed = tally_failures(v->total);

	if (v->passed_ns < EXACT_SETTLE_NS + STEP_MIN_NS)
		return false;
	bool decided = promise_decided(end->promise, &v->latency, &missed);
	if (!missed)
		missed = promise_errors_missed(end->promise, failed, v->total->sent);
	end->early = end->early || missed || (decided && v->passed_ns >= end->least_ns);
	return end->early;
}

/* Latency that no promise and no tolerance allows: what follows tells nothing new. */
static double
hopeless(const struct search *s)
{
	double seconds = fmax(2 * promise_latency(&s->promise), BEHIND_MIN_S);
	return s->aim->exact ? seconds : fmin(seconds, BEHIND_MAX_S);
}

/* What was abandoned may still be worked on, and who has failed may go on failing for a while: the
 * next step begins behind that. */
static void
settle(struct search *s, const struct run_phase *p)
{
	int64_t end = now_ns() + s->aim->well_ns;
	bool failed = p->errors > 0;

	if (p->in_flight && has_time(s, SETTLE_NS))
		load_settle(s->l, s->run, SETTLE_NS);
	while (failed && now_ns() < end && has_time(s, SETTLE_NS) && !load_settle(s->l, s->run, SETTLE_NS))
		sleep_until_ns(now_ns() + ASK_AGAIN_NS);
}

/* A queue that grows slowly may stay within its limit until the end of a step. It is missed
 * too when latency climbs beyond chance, and would pass the limit before three times its length. */
static bool
will_be_missed(const struct search *s, const struct run_phase *p)
{
	size_t all = p->n_latency_by_second, n = all < OUTLOOK_SECONDS ? all : OUTLOOK_SECONDS;
	double t[OUTLOOK_SECONDS] = { 0 }, last = 0;

	if (n < OUTLOOK_LEAST)
		return false;
	for (size_t i = 0; i < n; i++)
		t[i] = (double)i;
	const double *y = p->latency_by_second + all - n;
	struct slope slope = slope_fit(t, y, n);
	for (size_t i = n / 2; i < n; i++)
		last = fmax(last, y[i]);
	return slope.low > 0 && last + 2 * (double)n * slope.low > promise_latency(&s->promise);
}

/* Offer one rate, exactly with arrivals of its own: where chance brought few, it will not again. */
static int
try_rate(struct search *s, const char *name, double rate, int64_t length_ns,
    struct outcome_of_step *ret, struct err *e)
{
	bool confirm = s->knee.stage == KNEE_CONFIRM, exact = s->aim->exact;
	struct step_end end = {
		.promise = &s->promise,
		.least_ns = confirm ? length_ns : EXACT_SETTLE_NS + step_least_ns(s, rate),
	};
	int64_t left = deadline_ns(s) - now_ns() - length_ns;
	struct phase_bounds bounds = {
		.drain_ns = left < DRAIN_NS ? left : DRAIN_NS,
		.behind_ns = (int64_t)(hopeless(s) * 1e9),
		.settle_ns = exact ? EXACT_SETTLE_NS : 0,
		.enough = exact ? is_decided : NULL, .ctx = &end, .ret_latency = &ret->latency,
	};
	struct load_step step = {
		.name = name, .rate = rate, .for_ns = length_ns, .draw = exact ? (uint64_t)s->steps : 0,
	};

	int code = phase_run(s->l, &step, &bounds, exact && confirm, s->run, &ret->phase, e);
	if (code < 0)
		return code;
	if (s->l->elsewhere)
		s->end_ns += ELSEWHERE_NS;
	int64_t planned = end.early ? (int64_t)(ret->phase->seconds * 1e9) : length_ns;
	ret->missed = promise_missed_by(&s->promise, ret->phase, &ret->latency, planned);
	if (!ret->missed && exact && will_be_missed(s, ret->phase))
		ret->missed = "latency";
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

static void
judge(struct search *s, const struct outcome_of_step *o)
{
	struct knee *k = &s->knee;

	if (o->missed && o->phase->generator_limited) {
		generator_failed(s);
		return;
	}
	if (s->aim->exact && !o->missed && !o->latency.count) {
		s->stopped_by = "limit";          /* so slow that a step brings no request */
		return;
	}
	s->limited = 0;
	knee_tell(k, !o->missed ? KNEE_HELD : is_doubtful(o->phase) ? KNEE_DOUBTFUL : KNEE_MISSED);
	if (k->doubted)
		return;
	add_point(s, o->phase, &o->latency, o->missed);
	if (o->missed && o->phase->rate <= k->missed)
		s->run->capacity.stopped_by = o->missed;
}

/* One step of the search. */
static int
step(struct search *s, struct err *e)
{
	struct outcome_of_step o = { 0 };
	double rate = s->knee.next;
	int64_t length = step_length_ns(s, rate);

	if (!has_time(s, length)) {
		s->stopped_by = stop_requested() ? "interrupted" : "limit";
		return 0;
	}
	const char *name = run_printf(s->run, "%s-%d", s->aim->name, ++s->steps);
	int code = try_rate(s, name, rate, length, &o, e);
	if (code == 0 && stop_requested())
		s->stopped_by = "interrupted";    /* a step that was cut short tells nothing */
	else if (code == 0)
		judge(s, &o);
	if (code == 0)
		settle(s, o.phase);
	histogram_done(&o.latency);
	return code;
}

/* Latency without load: from the baseline, else one connection for half a second. */
static int
calibrate(struct search *s, struct err *e)
{
	const struct run_latency *b = &s->run->baseline.latency;
	struct load_step one = {
		.name = run_printf(s->run, "%s-0", s->aim->name), .closed = 1, .for_ns = CALIBRATE_NS,
	};
	struct histogram latency = { 0 };
	struct phase_bounds bounds = { .drain_ns = DRAIN_NS, .ret_latency = &latency };
	struct run_phase *p;
	bool missed;

	s->promise.mean = b->mean;
	s->promise.p99 = b->p99;
	if (!isnan(s->promise.mean) && !isnan(s->promise.p99) && s->promise.mean > 0)
		return 0;
	int code = phase_run(s->l, &one, &bounds, false, s->run, &p, e);
	if (code == 0 && !latency.count)
		code = err_set(e, EPROTO, "the service answers nothing but errors, even to one request "
		                          "at a time");
	/* Half a second may bring few requests; one slow among them is not the service's habit. */
	s->promise.mean = histogram_mean(&latency) / 1e9;
	s->promise.p99 = interval_quantile(&latency, 0.99).low / 1e9;
	if (code == 0 && s->aim->exact && promise_decided(&s->promise, &latency, &missed) && missed) {
		add_point(s, p, &latency, "latency");
		s->knee.stage = KNEE_FOUND;       /* not even one request at a time */
	}
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

static int
try_promise(struct search *s, size_t i, double rate, struct err *e)
{
	struct outcome_of_step o = { 0 };
	int64_t length = step_length_ns(s, rate);

	if (!has_time(s, length))
		return 0;
	int code = try_rate(s, run_printf(s->run, "target-%zu", i + 1), rate, length, &o, e);
	if (code == 0 && !(o.missed && o.phase->generator_limited))
		add_point(s, o.phase, &o.latency, o.missed);
	if (code == 0)
		settle(s, o.phase);
	histogram_done(&o.latency);
	return code;
}

/* Targets that are promised at a rate are tested at that rate. */
static int
try_promises(struct search *s, struct err *e)
{
	const struct spec *spec = s->l->spec;
	int code = 0;

	s->knee.stage = KNEE_FOUND;
	for (size_t i = 0; i < spec->n_targets && code == 0; i++) {
		double rate = spec->targets[i].at_rate;
		if (rate > 0 && !already_tried(&s->run->capacity, rate))
			code = try_promise(s, i, rate, e);
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
	c->missed_rate = c->at_least ? NAN : missed;
	c->confirmed = s->knee.again;
	if (s->aim->exact && s->knee.sure > 0) {
		c->knee_rate = s->knee.sure;
		c->confirmed = s->aim->confirmations;
	}
	if (s->stopped_by && (c->at_least || s->aim->exact))
		c->stopped_by = s->stopped_by;
}

static void
begin(struct search *s)
{
	struct run_capacity *c = &s->run->capacity;

	c->n_curve = 0;
	c->knee_rate = c->max_rate = c->missed_rate = NAN;
	c->stopped_by = NULL;
	c->confirmed = 0;
	s->promise.spec = s->l->spec;
	s->promise.exact = s->aim->exact;
}

int
load_find(struct load *l, const struct load_aim *aim, struct run *r, struct err *e)
{
	struct search s = { .l = l, .run = r, .aim = aim, .end_ns = now_ns() + aim->budget_ns };

	begin(&s);
	int code = calibrate(&s, e);
	if (code < 0)
		return code;
	if (s.knee.stage != KNEE_FOUND)
		s.knee = knee_begin(0.5 / s.promise.mean, MOST_RATE * (double)(l->elsewhere ? l->elsewhere->workers : 1),
		    (struct knee_aim){ aim->precision, aim->confirmations, aim->exact });
	int64_t reserved = (int64_t)promises(l->spec) * (STEP_MIN_NS + DRAIN_NS);
	s.end_ns -= reserved;
	while (code == 0 && s.knee.stage != KNEE_FOUND && !s.stopped_by)
		code = step(&s, e);
	s.end_ns += reserved;
	if (s.knee.stage == KNEE_FOUND && s.knee.held > 0 && !s.knee.missed)
		s.stopped_by = "limit";
	if (code == 0)
		code = try_promises(&s, e);
	if (code < 0)
		s.stopped_by = "interrupted";
	conclude(&s);
	return code;
}

int
load_find_knee(struct load *l, int64_t budget_ns, struct run *r, struct err *e)
{
	static const struct load_aim as_check = {
		.name = "knee", .precision = 1.07, .confirmations = 1,
	};
	struct load_aim aim = as_check;

	aim.budget_ns = budget_ns;
	return load_find(l, &aim, r, e);
}

/* SPDX-License-Identifier: MIT */
#include "experiment/side.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "compare/compare.h"
#include "experiment/change.h"
#include "experiment/spin.h"
#include "observe/observe.h"
#include "run/run_store.h"
#include "stats/steady.h"
#include "trace/trace.h"

#define CONNECTIONS   32          /* when the spec names none: enough at half of the knee */
#define WARM_UP_SLICE (250 * NS_PER_MS)
#define WARM_UP_SLICES 240
#define WARM_UP_CONNECTIONS 4
#define STEADY        0.05        /* three slices in a row within it */
#define SPREAD_EVERY  4           /* pairs */
#define SAMPLE_HZ     997         /* a change of a few per cent is to be seen in a few seconds */
#define PULSE_NS      (1 * NS_PER_S)
#define ANSWER_TRY_NS (100 * NS_PER_MS)

double
side_generator_s(const struct side *s)
{
	return s->generator_s + (s->load ? load_cpu_seconds(s->load) : 0);
}

/* ---- open and close ------------------------------------------------------------------------ */

static void
stop_watching(struct side *s)
{
	if (s->observe)
		observe_stop(s->observe, s->run);
	s->observe = NULL;
	observe_owners_free(s->owners);
	s->owners = NULL;
	s->generator_s = side_generator_s(s);
	load_close(s->load);
	s->load = NULL;
	run_free(s->run);
	s->run = NULL;
}

static int
start_watching(struct side *s, struct err *e)
{
	const struct spec *spec = arm_spec(s->arm);

	s->run = run_new();
	s->placed = false;
	s->record(spec, s->run);
	int code = load_open(spec, s->progress, &s->load, e);
	if (code == 0)
		code = load_probe(s->load, s->run, e);
	if (code == 0)
		code = observe_find(spec, s->run, e);
	if (code == 0)
		code = observe_start(s->run, &s->observe, e);
	if (code < 0)
		return code;
	s->owners = observe_owners_new(s->run);
	load_set_cpu_hook(s->load, observe_service_cores, s->observe);
	return 0;
}

int
side_open(struct side *s, const char *word, const struct spec *spec, const char *folder,
    struct err *e)
{
	s->placement = NAN;
	s->connections =
	    spec_origin(spec, "connections") == ORIGIN_PRESET ? CONNECTIONS : spec->connections;
	int code = arm_open(s->name, word, spec, folder, s->progress, &s->arm, e);
	return code < 0 ? err_wrap(e, code, "%s", s->name) : 0;
}

void
side_close(struct side *s)
{
	stop_watching(s);
	arm_close(s->arm);
	s->arm = NULL;
}

int
side_start(struct side *s, struct err *e)
{
	stop_watching(s);
	int code = arm_start(s->arm, e);
	if (code == 0)
		code = start_watching(s, e);
	return code < 0 ? err_wrap(e, code, "%s", s->name) : 0;
}

int
side_alive(struct side *s, struct err *e)
{
	char why[256];

	if (arm_alive(s->arm, why, sizeof(why)))
		return 0;
	err_set(e, ECHILD, "%s died under the load (%s)", s->name, why);
	err_hint(e, "what it printed is in the run's folder; start it by itself, and see what ends it");
	return -ECHILD;
}

/* ---- load ---------------------------------------------------------------------------------- */

static void
keep_stop(struct side *s, const struct run_stop *stop)
{
	if (stop->what)
		s->stopped = (struct run_stop){
			.what = run_str(s->trial, stop->what), .phase = run_str(s->trial, stop->phase),
			.at = stop->at, .next = run_str(s->trial, stop->next),
		};
}

static int
offer(struct side *s, const struct load_step *step, struct run *scratch, struct run_phase **ret,
    struct err *e)
{
	int code = load_run(s->load, step, true, scratch, ret, e);
	keep_stop(s, &scratch->safety_stop);
	int alive = side_alive(s, e);                       /* also keeps its log short */
	return alive < 0 ? alive : code < 0 ? err_wrap(e, code, "%s", s->name) : 0;
}

static int
closed_slice(struct side *s, const char *label, int64_t connections, int64_t for_ns,
    struct run *scratch, struct run_phase **ret, struct err *e)
{
	const struct load_step step = { .name = label, .closed = connections, .for_ns = for_ns };
	return offer(s, &step, scratch, ret, e);
}

/* Three slices alike, or, where the machine never gives three alike, no trend in many. */
static bool
is_steady(const double *throughput, size_t n)
{
	return steady_three(throughput, n, STEADY) < n || steady_mser5(throughput, n) < n;
}

static int
warm_up(struct side *s, int64_t at_most_ns, double *ret_s, struct err *e)
{
	CLEANUP(run_free_p) struct run *scratch = run_new();
	double throughput[WARM_UP_SLICES];
	int64_t begin_ns = now_ns();
	size_t n = 0;

	*ret_s = NAN;
	while (!is_steady(throughput, n)) {
		struct run_phase *p;
		if (n == WARM_UP_SLICES || now_ns() - begin_ns > at_most_ns || stop_requested())
			return 0;
		int code = closed_slice(s, "warm-up", WARM_UP_CONNECTIONS, WARM_UP_SLICE, scratch, &p, e);
		if (code < 0)
			return code;
		throughput[n++] = p->throughput;
	}
	*ret_s = ns_to_s(now_ns() - begin_ns);
	return 0;
}

/* ---- a change of the service --------------------------------------------------------------- */

/* A command may start the service anew: wait until it answers, and find its processes again. */
static int
watch_again(struct side *s, struct err *e)
{
	int64_t end_ns = now_ns() + arm_spec(s->arm)->ready_timeout_ns;

	for (;;) {
		*e = (struct err){ 0 };
		stop_watching(s);
		int code = start_watching(s, e);
		if (code == 0 || now_ns() > end_ns || stop_requested())
			return code;
		sleep_until_ns(now_ns() + ANSWER_TRY_NS);
	}
}

/* *ret_switched: the service is not what it was a moment ago. */
static int
switch_over(struct side *s, bool *ret_switched, struct err *e)
{
	*ret_switched = false;
	if (!s->change)
		return 0;
	int code = change_want(s->change, s->with, ret_switched, e);
	if (code == 0 && *ret_switched) {
		code = watch_again(s, e);
		if (code < 0)
			err_wrap(e, code, "%s the change", s->with ? "with" : "without");
	}
	return code;
}

int
side_enter(struct side *s, struct err *e)
{
	bool switched;
	double ignored;

	int code = switch_over(s, &switched, e);
	return code == 0 && switched ? warm_up(s, s->settle_ns, &ignored, e) : code;
}

/* ---- blocks -------------------------------------------------------------------------------- */

/* A quantile that failures reach is not known: they count as never answered. */
static double
unless_hidden(double value, double q, double error_rate)
{
	return error_rate > 1 - q ? NAN : value;
}

static double
failed_share(const struct run_phase *p)
{
	return p->scheduled
	    ? (double)(p->errors + p->timeouts + p->unsent) / (double)p->scheduled : NAN;
}

static void
copy_routes(const struct run_baseline *from, struct run *r, struct run_block *out)
{
	for (size_t i = 0; from->n_routes > 1 && i < from->n_routes; i++) {
		const struct run_route *a = &from->routes[i];
		struct run_block_route *b = RUN_ADD(r, block_route, out->routes, out->n_routes);
		b->route = run_str(r, a->route);
		b->requests = a->answered;
		b->error_rate = a->error_rate;
		b->p50 = unless_hidden(a->latency.p50, 0.5, a->error_rate);
		b->p95 = unless_hidden(a->latency.p95, 0.95, a->error_rate);
		b->p99 = unless_hidden(a->latency.p99, 0.99, a->error_rate);
	}
}

static void
fill(const struct run_phase *p, const struct run_latency *settled, struct run *r,
    struct run_block *out)
{
	out->seconds = p->seconds;
	out->rate = p->rate;
	out->throughput = p->throughput;
	out->error_rate = failed_share(p);
	out->mean = unless_hidden(settled->mean, 1, out->error_rate);
	out->p50 = unless_hidden(settled->p50, 0.5, out->error_rate);
	out->p95 = unless_hidden(settled->p95, 0.95, out->error_rate);
	out->p99 = unless_hidden(settled->p99, 0.99, out->error_rate);
	if (p->answered)
		out->cpu_per_request = p->service_cpu * p->seconds / (double)p->answered;
	if (p->generator_late)
		out->late_why = run_str(r, p->generator_why);
	else if (p->generator_limited)
		out->void_why = run_printf(r, "the generator was the limit: %s", p->generator_why);
	else if (stop_requested())
		out->void_why = "interrupted";
}

/* The generator's lateness is in them; what a request cost, and whether it was answered, is as it is. */
static void
forget_latencies(struct run_block *b)
{
	b->mean = b->p50 = b->p95 = b->p99 = NAN;
	for (size_t i = 0; i < b->n_routes; i++)
		b->routes[i].p50 = b->routes[i].p95 = b->routes[i].p99 = NAN;
}

/* Connections stay with the process that accepted them, so chance would decide which of its workers
 * is busy: spread them where their owners can be seen, else let chance decide anew each time. They
 * are spread again now and then, because servers close connections that have been used enough. */
static int
place_connections(struct side *s, int64_t pair, struct err *e)
{
	double placement;

	if (s->placed && (!s->spread || pair % SPREAD_EVERY))
		return 0;
	int code = load_spread(s->load, s->connections, observe_owner, s->owners, &placement, e);
	s->placed = true;
	s->spread = code == 0 && !isnan(placement);
	if (s->spread)
		s->placement = fmax(isnan(s->placement) ? 1 : s->placement, placement);
	return code;
}

int
side_offer(struct side *s, const struct side_block *b, struct run *r, struct run_block *ret,
    struct err *e)
{
	CLEANUP(run_free_p) struct run *scratch = run_new();
	struct run_phase *phase;

	int code = side_enter(s, e);
	if (code < 0)
		return code;
	code = place_connections(s, b->pair, e);
	if (code < 0)
		return err_wrap(e, code, "%s", s->name);
	struct load_step step = {
		.name = b->label, .rate = b->rate, .for_ns = b->for_ns, .draw = b->draw,
		.closed = b->rate > 0 ? 0 : s->connections, .fresh = !s->spread,
		.settle_ns = b->rate > 0 && b->for_ns >= NS_PER_S
		    ? llround(COMPARE_DROPPED * (double)b->for_ns) : 0,
	};
	ret->pair = b->pair;
	ret->arm = s->name;
	ret->load = b->rate > 0 ? "rate" : "saturation";
	ret->spin = spin_now();
	ret->started = ns_to_s(now_ns() - s->began_ns);
	if ((code = offer(s, &step, scratch, &phase, e)) < 0)
		return code;
	fill(phase, &scratch->baseline.latency, r, ret);
	ret->rss_bytes = observe_service_rss(s->observe);
	copy_routes(&scratch->baseline, r, ret);
	if (ret->late_why)
		forget_latencies(ret);
	return 0;
}

/* ---- before the blocks --------------------------------------------------------------------- */

int
side_warm_up(struct side *s, int64_t at_most_ns, double *ret_s, struct err *e)
{
	bool ignored;

	int code = switch_over(s, &ignored, e);
	return code < 0 ? code : warm_up(s, at_most_ns, ret_s, e);
}

int
side_pulse(struct side *s, double *ret_rate, struct err *e)
{
	CLEANUP(run_free_p) struct run *scratch = run_new();
	struct run_phase *p;

	int code = side_enter(s, e);
	if (code == 0)
		code = closed_slice(s, "pulse", s->connections, PULSE_NS, scratch, &p, e);
	*ret_rate = code < 0 ? NAN : p->throughput / load_requests_per_arrival(s->load);
	return code;
}

/* ---- what it does with its time ------------------------------------------------------------ */

static int
traced(struct side *s, struct trace *t, double rate, int64_t for_ns, struct err *e)
{
	struct run_phase *p;
	const struct load_step step = { .name = "trace", .rate = rate, .for_ns = for_ns, .fresh = true };
	struct err ignored = { 0 };

	int code = trace_start(t, e);
	if (code < 0)
		return code;
	observe_mark_begin(s->observe);
	code = load_run(s->load, &step, true, s->run, &p, e);
	keep_stop(s, &s->run->safety_stop);
	observe_mark_end(s->observe);
	int ended = trace_stop(t, s->run, code < 0 ? &ignored : e);
	return code < 0 ? code : ended;
}

int
side_profile(struct side *s, double rate, int64_t for_ns, const char *folder, struct err *e)
{
	struct trace_options options = {
		.ceiling = arm_spec(s->arm)->no_trace ? 3 : 0, .sample_hz = SAMPLE_HZ,
	};
	struct trace *t = NULL;

	int code = run_create(s->run, folder, e);
	if (code == 0)
		code = trace_open(s->run, &options, &t, e);
	if (code == 0)
		code = traced(s, t, rate, for_ns, e);
	trace_close(t);
	if (s->observe)
		observe_stop(s->observe, s->run);
	s->observe = NULL;
	load_set_cpu_hook(s->load, NULL, NULL);
	if (code == 0)
		code = run_seal(s->run, e);
	return code < 0 ? err_wrap(e, code, "%s, while it was profiled", s->name) : 0;
}

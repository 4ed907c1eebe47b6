/* SPDX-License-Identifier: MIT */
/* One phase: workers started together, their tallies collected while they run, the books closed.
 *
 * The control thread sleeps; twenty times a second it takes what the workers have handed over,
 * sorts it into seconds, tells the progress and passes on a request to stop. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "base/units.h"
#include "load/load_int.h"
#include "load/throttle.h"
#include "load/told.h"
#include "load/wire.h"
#include "run/run_store.h"
#include "stats/bootstrap.h"
#include "stats/hdr_log.h"

#define POLL_NS       (50 * NS_PER_MS)
#define PROGRESS_NS   (250 * NS_PER_MS)
#define LATE_NS       (300 * NS_PER_MS)     /* a second's last slice may arrive so late */
#define CREW_LATE_NS  (4 * NS_PER_S)        /* the same, from another process */
#define LEAD_NS       (2 * NS_PER_MS)       /* for the threads to start */
#define WORKER_RATE   40e3                  /* per second that one worker keeps easily */
#define DRAIN_MAX_NS  (2 * NS_PER_S)
/* A wake-up costs as much CPU as several requests. Where arrivals come closer than this, they are
 * due at ticks, and those of a tick are sent together. */
#define GAP_NS        (100 * NS_PER_US)
#define TICK_NS       (500 * NS_PER_US)
/* Live, a generator that sends so late is said not to keep up; load_record.c has the verdict. */
#define LIVE_LAG_S     1e-3
#define LIVE_LAG_SHARE 0.05

struct phase {
	struct load *l;
	struct run *run;
	const struct load_step *step;
	struct worker_task task;
	struct told told;
	int64_t throttled_ns, stolen_ns;   /* before it: throttle.h */
	int64_t until_ns;               /* it lasts: task.for_ns, or until it was ended early */
	uint32_t active;                /* workers here */
	struct load_crew_end crew;      /* how it went elsewhere */
	struct tally *total;
	struct tally **seconds;         /* those still open; the last is the drain */
	size_t n_seconds, first_open;
	struct second *closed;          /* what became of the others */
	struct bootstrap *latency;      /* of the whole ones */
	const struct phase_bounds *bounds;
	struct tally *settled;          /* from bounds->settle_ns on; NULL: that is all */
	bool want_log;
	struct buf log;
	double service_cpu;
	int64_t said_ns, said_done;
	double rate_now, offered_now;
	struct schedule_reader offered; /* passed over up to said_ns; the closed loop has none */
	int64_t said_offered;
};

/* ---- seconds ------------------------------------------------------------------------------- */

static double
length_of_second(const struct phase *p, size_t s, int64_t window_ns)
{
	int64_t left = window_ns - (int64_t)s * NS_PER_S;
	return ns_to_s(left < 0 ? 0 : left < NS_PER_S ? left : NS_PER_S);
}

static void
log_second(struct phase *p, const struct tally *t, size_t s)
{
	double length = length_of_second(p, s, p->task.for_ns);
	if (s == p->n_seconds - 1)
		length = ns_to_s(p->task.drain_ns);
	for (size_t i = 0; i < t->n_routes; i++)
		if (t->routes[i].latency.count)
			hdr_log_interval(&p->log, p->l->program.routes[i].name, (double)s, length,
			    &t->routes[i].latency);
}

static void
close_second(struct phase *p)
{
	size_t s = p->first_open++;
	struct tally *t = p->seconds[s];

	p->seconds[s] = NULL;
	if ((int64_t)(s + 1) * NS_PER_S <= p->until_ns)
		safety_second(&p->l->safety, t, p->step->name, (double)s + 1, p->run);
	if (!t)
		return;
	struct histogram latency = tally_latency(t);
	p->closed[s].p50 = histogram_quantile(&latency, 0.5) / 1e9;
	p->closed[s].p99 = histogram_quantile(&latency, 0.99) / 1e9;
	p->closed[s].answered = (double)tally_count(t, OUTCOME_ANSWERED);
	p->closed[s].errors = (double)tally_failures(t);
	if ((int64_t)(s + 1) * NS_PER_S <= p->until_ns)
		bootstrap_add(p->latency, &latency);
	histogram_done(&latency);
	if (p->want_log)
		log_second(p, t, s);
	tally_free(t);
}

/* To a slice or more: what began to count later than asked is the cautious side. */
static bool
is_settled(const struct phase *p, const struct tally *t)
{
	return t->slice >= (p->bounds->settle_ns + TALLY_SLICE_NS - 1) / TALLY_SLICE_NS;
}

static void
collect_list(struct phase *p, struct tally *t)
{
	for (struct tally *next; t; t = next) {
		next = t->next;
		size_t s = p->n_seconds - 1;
		if ((size_t)t->slice / TALLY_PER_SECOND < s)
			s = (size_t)t->slice / TALLY_PER_SECOND;
		if (s < p->first_open)
			s = p->first_open < p->n_seconds ? p->first_open : p->n_seconds - 1;
		if (!p->seconds[s])
			p->seconds[s] = tally_new(p->l->program.n_routes);
		tally_merge(p->seconds[s], t);
		tally_merge(p->total, t);
		if (p->settled && is_settled(p, t))
			tally_merge(p->settled, t);
		if (p->step->share)
			p->step->share->tell(p->step->share->ctx, t);
		tally_free(t);
	}
}

static void
collect(struct phase *p)
{
	for (uint32_t i = 0; i < p->active; i++)
		collect_list(p, worker_take(&p->l->workers[i]));
	if (p->step->crew)
		collect_list(p, p->step->crew->take(p->step->crew->ctx));
}

/* ---- while it runs ------------------------------------------------------------------------- */

static int64_t
sharers(const struct load_step *step)
{
	return step->share ? step->share->of : 1;
}

/* The same as the line, and more, for who has room for it. */
static struct progress_figures
figures_of(struct phase *p, const struct histogram *h, long long done, int64_t now)
{
	struct progress_figures f = {
		.elapsed_s = ns_to_s(now - p->task.start_ns), .total_s = ns_to_s(p->task.for_ns),
		.offered = NAN, .answered = p->rate_now,
		.p50 = histogram_quantile(h, 0.5) / 1e9, .p95 = histogram_quantile(h, 0.95) / 1e9,
		.p99 = histogram_quantile(h, 0.99) / 1e9, .max = h->count ? (double)h->max / 1e9 : NAN,
		.done = done, .timeouts = tally_count(p->total, OUTCOME_TIMEOUT),
		.busy = -1, .connections = p->l->connections, .generator_cpu = NAN,
		.lag_p99 = histogram_quantile(&p->total->spans[SPAN_LAG], 0.99) / 1e9,
	};

	for (int o = OUTCOME_ANSWERED + 1; o < OUTCOME_TIMEOUT; o++)
		f.errors += tally_count(p->total, o);
	f.limited = f.lag_p99 > fmax(LIVE_LAG_S, LIVE_LAG_SHARE * f.p99);
	if (p->task.closed)
		return f;
	if (!p->said_offered)
		p->offered = schedule_read(p->task.schedule, 0, 1);
	int64_t offered = schedule_skip(&p->offered, now - p->task.start_ns) / sharers(p->step);
	double rate = (double)(offered - p->said_offered) / ns_to_s(now - p->said_ns);
	f.offered = p->offered_now = p->said_offered ? 0.5 * p->offered_now + 0.5 * rate : rate;
	p->said_offered = offered;
	return f;
}

static void
say(struct phase *p, int64_t now)
{
	char rate[24], p50[24], p99[24], line[160];
	long long done = 0, errors = 0;

	if (now - p->said_ns < PROGRESS_NS)
		return;
	for (uint32_t i = 0; i < p->active; i++) {
		done += atomic_load_explicit(&p->l->workers[i].done, memory_order_relaxed);
		errors += atomic_load_explicit(&p->l->workers[i].errors, memory_order_relaxed);
	}
	for (int o = OUTCOME_ANSWERED; p->step->crew && o <= OUTCOME_TIMEOUT; o++) {
		done += tally_count(p->total, o);
		errors += o > OUTCOME_ANSWERED ? tally_count(p->total, o) : 0;
	}
	double now_rate = (double)(done - p->said_done) / ns_to_s(now - p->said_ns);
	p->rate_now = p->said_done ? 0.5 * p->rate_now + 0.5 * now_rate : now_rate;
	struct histogram h = tally_latency(p->total);
	snprintf(line, sizeof(line), "%s  p50 %s  p99 %s  errors %lld",
	    format_rate(rate, p->rate_now), format_duration(p50, histogram_quantile(&h, 0.5) / 1e9),
	    format_duration(p99, histogram_quantile(&h, 0.99) / 1e9), errors);
	struct progress_figures figures = figures_of(p, &h, done, now);
	histogram_done(&h);
	double passed = (double)(now - p->task.start_ns) / (double)p->task.for_ns;
	progress_show(p->l->progress, p->step->name, passed > 1 ? 1 : passed, line, &figures);
	p->said_ns = now;
	p->said_done = done;
}

static bool
any_running(const struct phase *p)
{
	for (uint32_t i = 0; i < p->active; i++)
		if (atomic_load(&p->l->workers[i].running))
			return true;
	return p->step->crew && p->step->crew->is_running(p->step->crew->ctx);
}

static bool
is_gone(const struct phase *p)
{
	for (uint32_t i = 0; i < p->active; i++)
		if (atomic_load(&p->l->workers[i].gone))
			return true;
	return p->crew.gone;
}

static const struct tally *
settled(const struct phase *p)
{
	return p->settled ? p->settled : p->total;
}

static bool
is_enough(struct phase *p, int64_t now)
{
	struct phase_view v = {
		.passed_ns = now - p->task.start_ns, .total = p->total, .n_seconds = p->first_open,
		.seconds = p->closed,
	};

	if (!p->bounds->enough)
		return false;
	v.latency = tally_latency(settled(p));
	bool enough = p->bounds->enough(p->bounds->ctx, &v);
	histogram_done(&v.latency);
	return enough;
}

static void
stop_workers(struct phase *p)
{
	for (uint32_t i = 0; i < p->active; i++)
		atomic_store(&p->l->workers[i].stop, true);
	if (p->step->crew)
		p->step->crew->stop(p->step->crew->ctx);
}

static void
end_early(struct phase *p, int64_t now)
{
	if (now - p->task.start_ns < p->until_ns)
		p->until_ns = now - p->task.start_ns;
	stop_workers(p);
}

/* Do those who share the phase want it to end? */
static bool
is_called_off(const struct phase *p)
{
	return p->step->share && !p->step->share->go_on(p->step->share->ctx);
}

/* Does the load do harm? */
static bool
is_unsafe(const struct phase *p, int64_t now)
{
	safety_host(&p->l->safety, p->step->name, ns_to_s(now - p->task.start_ns), now, p->run);
	if (p->run->safety_stop.what)
		stop_request();
	return p->run->safety_stop.what;
}

static double
service_cores(const struct load *l)
{
	return l->cores ? l->cores(l->cores_ctx) : NAN;
}

/* Has all of the first open second been handed over? */
static bool
is_complete(const struct phase *p, int64_t now)
{
	const struct load_crew *crew = p->step->crew;
	int64_t end = (int64_t)(p->first_open + 1) * NS_PER_S;

	return now - p->task.start_ns > end + (crew ? CREW_LATE_NS : LATE_NS) ||
	    (crew && crew->told(crew->ctx) >= end && now - p->task.start_ns > end);
}

static void
watch(struct phase *p)
{
	int64_t end = p->task.start_ns + p->task.for_ns;

	p->said_ns = p->task.start_ns;
	p->service_cpu = NAN;
	while (any_running(p)) {
		int64_t now = now_ns();
		int64_t wake = now + POLL_NS;
		sleep_until_ns(now < end && wake > end ? end : wake);
		collect(p);
		now = now_ns();
		if (now >= end && isnan(p->service_cpu))
			p->service_cpu = service_cores(p->l);
		while (p->first_open + 1 < p->n_seconds && is_complete(p, now))
			close_second(p);
		if (is_unsafe(p, now) || stop_requested() || is_gone(p) || is_called_off(p) || is_enough(p, now))
			end_early(p, now);
		say(p, now);
	}
	if (isnan(p->service_cpu))
		p->service_cpu = service_cores(p->l);
}

/* ---- start and end ------------------------------------------------------------------------- */

static uint32_t
workers_for(const struct load *l, const struct load_step *step)
{
	double wanted = step->closed > 0 ? (double)step->closed / LOAD_PER_WORKER
	    : step->rate / (double)sharers(step) / WORKER_RATE;
	if (step->crew)
		return 0;
	if (l->n_spread)
		return l->spread_over;
	uint32_t n = wanted > 1 ? (uint32_t)ceil(wanted) : 1;
	return n < l->n_workers ? n : l->n_workers;
}

uint32_t
load_part(uint32_t whole, uint32_t workers, uint32_t i)
{
	uint32_t n = whole / workers + (i < whole % workers);
	return n ? n : 1;
}

static int
start_workers(struct phase *p, struct err *e)
{
	struct load *l = p->l;
	uint32_t most = l->n_spread ? l->n_spread : l->connections;
	uint32_t conns = p->step->closed > 0 && p->step->closed < most ? (uint32_t)p->step->closed : most;

	for (uint32_t i = 0; i < l->n_workers; i++)
		wire_trim(&l->workers[i], i < p->active && !p->step->fresh
		    ? load_part(l->connections, p->active, i) : 0);
	const struct load_share *share = p->step->share;
	p->task.start_ns = share ? share->start_ns : p->step->crew ? p->step->crew->start_ns
	    : now_ns() + LEAD_NS;
	for (uint32_t i = 0; i < p->active; i++) {
		int64_t number = share ? share->number + (int64_t)i * share->of : i;
		int code = worker_start(&l->workers[i], &p->task, number, load_part(conns, p->active, i));
		if (code == 0)
			continue;
		p->active = i;
		stop_workers(p);
		for (uint32_t k = 0; k < i; k++)
			worker_join(&l->workers[k]);
		return err_set(e, -code, "cannot start a load worker: %s", strerror(-code));
	}
	return 0;
}

static void
finish_workers(struct phase *p)
{
	for (uint32_t i = 0; i < p->active; i++) {
		worker_join(&p->l->workers[i]);
		p->l->cpu_ns += p->l->workers[i].total_cpu_ns;
	}
	if (p->step->crew)
		p->step->crew->finish(p->step->crew->ctx, &p->crew);
	collect(p);
	while (p->first_open < p->n_seconds)
		close_second(p);
	if (p->run->safety_stop.what)
		stop_request();
}

static void
record_seconds(const struct phase *p, struct run_phase *out, int64_t window)
{
	struct arena *a = p->run->arena;
	struct schedule_reader offered = schedule_read(p->task.schedule, 0, 1);
	int64_t before = 0;

	for (size_t s = 0; s + 1 < p->n_seconds && length_of_second(p, s, window) > 0; s++) {
		const struct second *of = &p->closed[s];
		double length = length_of_second(p, s, window);
		*ARENA_PUSH(a, out->latency_by_second, out->n_latency_by_second) = of->p99;
		*ARENA_PUSH(a, out->p50_by_second, out->n_p50_by_second) = of->p50;
		*ARENA_PUSH(a, out->rate_by_second, out->n_rate_by_second) = of->answered / length;
		*ARENA_PUSH(a, out->errors_by_second, out->n_errors_by_second) = of->errors;
		if (p->task.closed)
			continue;
		int64_t end = (int64_t)s * NS_PER_S + llround(length * 1e9);
		int64_t n = schedule_skip(&offered, end);
		*ARENA_PUSH(a, out->offered_by_second, out->n_offered_by_second) =
		    (double)(n - before) / length;
		before = n;
	}
}

static void
record_interval(const struct phase *p, struct run_latency *out)
{
	struct interval i = bootstrap_quantile(p->latency, 0.99, p->l->spec->seed);

	if (out->censored || !(i.low <= 1e9 * out->p99 && 1e9 * out->p99 <= i.high))
		return;
	out->p99_low = i.low / 1e9;
	out->p99_high = i.high / 1e9;
}

/* What only the workers elsewhere know of themselves. Returns their window. */
static int64_t
record_crew(const struct phase *p, struct run_phase *out)
{
	const struct load_crew_end *end = &p->crew;

	out->unsent = end->unsent;
	out->first_error = end->first_error ? run_str(p->run, end->first_error) : NULL;
	out->engine = end->engine ? run_str(p->run, end->engine) : "none";
	out->tick = ns_to_s(end->tick_ns);
	out->generator_cpu = end->cpu;
	return end->window_ns;
}

static struct run_phase *
record(struct phase *p)
{
	struct run *r = p->run;
	struct run_phase *out = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
	int64_t window = 0;

	for (uint32_t i = 0; i < p->active; i++) {
		const struct worker *w = &p->l->workers[i];
		out->unsent += w->unsent;
		window = w->window_ns > window ? w->window_ns : window;
		if (w->first_error[0] && !out->first_error)
			out->first_error = run_str(r, w->first_error);
		out->engine = w->ops->name;
	}
	out->tick = ns_to_s(p->task.tick_ns);
	if (p->step->crew)
		window = record_crew(p, out);
	for (uint32_t i = 0; i < p->active; i++)
		if (window)
			out->generator_cpu = fmax(isnan(out->generator_cpu) ? 0 : out->generator_cpu,
			    (double)p->l->workers[i].cpu_ns / (double)window);
	out->name = run_str(r, p->step->name);
	out->started = ns_to_s(p->task.start_ns - p->l->opened_ns);
	out->seconds = ns_to_s(window);
	out->service_cpu = p->service_cpu;
	phase_record(out, p->total);
	if (p->task.closed)
		out->scheduled = out->sent;
	out->rate = p->task.closed || p->step->at_most || p->step->schedule
	    ? (double)out->scheduled / out->seconds : p->step->rate;
	/* What came in the drain is answered, but not in the window that the rate speaks of. */
	out->throughput = ((double)out->answered - p->closed[p->n_seconds - 1].answered) / out->seconds;
	record_seconds(p, out, window);
	record_interval(p, &out->latency);
	return out;
}

/* Nothing listens any more: seen by a worker for a second, or at the very end and still so now. */
static int
check_alive(const struct phase *p, struct err *e)
{
	bool refused = is_gone(p);

	if (p->run->safety_stop.what)
		return 0;
	for (uint32_t i = 0; i < p->active && !refused; i++)
		refused = p->l->workers[i].refusals &&
		    load_knock(&p->l->to, NS_PER_S) == -ECONNREFUSED;
	if (!refused)
		return 0;
	err_set(e, ECONNREFUSED, "the service went away during phase '%s' (connection refused)",
	    p->step->name);
	err_hint(e, "did it crash or was it restarted? Its own log and 'dmesg' may say why; then run "
	            "this again");
	return -ECONNREFUSED;
}

static double
tightest_latency(const struct spec *s)
{
	double tightest = INFINITY;

	for (size_t i = 0; i < s->n_targets; i++)
		if (target_is_latency(s->targets[i].metric))
			tightest = fmin(tightest, s->targets[i].limit);
	return isfinite(tightest) ? tightest : 0;
}

static struct phase_signs
signs_of(const struct phase *p)
{
	struct phase_signs s = { .closed = p->task.closed };

	for (uint32_t i = 0; i < p->active; i++) {
		const struct worker *w = &p->l->workers[i];
		if (w->out_of)
			s.out_of = w->out_of;
		if (w->window_ns)
			s.waited = fmax(s.waited, (double)w->waited_ns / (double)w->window_ns);
	}
	double window_ns = (double)p->task.for_ns * fmax(p->active, 1);
	s.throttled = fmin(1, (double)(throttle_own_ns() - p->throttled_ns) / window_ns);
	double machine_ns = (double)p->task.for_ns * (double)sysconf(_SC_NPROCESSORS_ONLN);
	s.stolen = fmin(1, (double)(stolen_ns() - p->stolen_ns) / machine_ns);
	s.promised_s = tightest_latency(p->l->spec);
	return s;
}

static void
release(struct phase *p)
{
	pthread_mutex_destroy(&p->told.lock);
	tally_free(p->total);
	free(p->seconds);
	free(p->closed);
	bootstrap_done(p->latency);
	free(p->latency);
	tally_free(p->settled);
	buf_done(&p->log);
}

static int64_t
tick_for(const struct spec *spec, double rate)
{
	if (spec->pace == PACE_TICK)
		return spec->tick_ns;
	return spec->pace == PACE_AUTO && rate * ns_to_s(GAP_NS) > 1 ? TICK_NS : 0;
}

static void
prepare(struct phase *p)
{
	const struct spec *spec = p->l->spec;
	const struct phase_bounds *bounds = p->bounds;

	if (p->step->fresh)
		p->l->n_spread = 0;
	p->active = p->l->n_active = workers_for(p->l, p->step);
	p->task.rotate = p->l->n_spread > 0;
	p->task.closed = p->step->closed > 0;
	p->task.for_ns = p->until_ns = p->step->for_ns;
	p->task.timeout_ns = spec->timeout_ns;
	p->task.drain_ns = spec->timeout_ns < bounds->drain_ns ? spec->timeout_ns : bounds->drain_ns;
	p->task.behind_ns = bounds->behind_ns;
	p->task.workers = p->active * sharers(p->step);
	p->task.at_most = p->task.closed ? p->step->at_most : 0;
	p->task.rate = p->step->rate / (double)sharers(p->step) / (p->active ? p->active : 1);
	p->task.tick_ns = tick_for(spec, p->task.rate);
	p->task.spin = spec->pace == PACE_SPIN;
	p->told.every = p->step->answer_every;
	p->told.tell = p->step->answer;
	p->told.ctx = p->step->answer_ctx;
	p->task.told = p->step->answer_every > 0 ? &p->told : NULL;
	p->n_seconds = (size_t)((p->task.for_ns + NS_PER_S - 1) / NS_PER_S) + 1;
	p->seconds = calloc(p->n_seconds, sizeof(struct tally *));
	p->closed = calloc(p->n_seconds, sizeof(*p->closed));
	p->total = tally_new(p->l->program.n_routes);
	p->settled = bounds->settle_ns ? tally_new(p->l->program.n_routes) : NULL;
	p->latency = calloc(1, sizeof(*p->latency));
	if (!p->seconds || !p->closed || !p->latency)
		abort();
	for (size_t i = 0; i < p->n_seconds; i++)
		p->closed[i].p50 = p->closed[i].p99 = NAN;
	if (p->want_log)
		hdr_log_head(&p->log, wall_ns() +
		    (p->step->crew ? p->step->crew->start_ns - now_ns() : LEAD_NS));
}

/* Who offers it, when that is not this process. */
static int
begin_elsewhere(struct phase *p, struct load_step *step, struct load_crew *crew, struct err *e)
{
	const struct load_elsewhere *x = p->l->elsewhere;

	if (!x)
		return 0;
	int code = x->begin(x->ctx, step, p->task.schedule, p->bounds->drain_ns, p->bounds->behind_ns, crew, e);
	step->crew = crew;
	return code;
}

static int
end_elsewhere(const struct phase *p, struct run_phase *out)
{
	const struct load_elsewhere *x = p->l->elsewhere;

	return x ? x->end(x->ctx, p->run, out) : 0;
}

int
phase_run(struct load *l, const struct load_step *as_asked, const struct phase_bounds *bounds,
    bool baseline, struct run *r, struct run_phase **ret_phase, struct err *e)
{
	struct load_step copy = *as_asked;
	const struct load_step *step = &copy;
	struct load_crew crew;
	struct schedule_part part = { step->rate, step->rate, step->for_ns };
	struct schedule schedule = {
		.parts = &part, .n_parts = 1, .poisson = l->spec->poisson, .seed = l->spec->seed + step->draw,
		.routes = (uint32_t)l->program.n_flows, .mix = l->program.mix, .at_most = step->at_most,
	};
	if (step->schedule)
		schedule = *step->schedule;
	CLEANUP(release) struct phase p = {
		.l = l, .run = r, .step = step, .bounds = bounds, .want_log = baseline && r->folder,
		.task.schedule = &schedule, .told.lock = PTHREAD_MUTEX_INITIALIZER,
	};

	int code = load_reach(l, e);
	if (code == 0)
		code = begin_elsewhere(&p, &copy, &crew, e);
	if (code < 0)
		return code;
	prepare(&p);
	p.throttled_ns = throttle_own_ns();
	p.stolen_ns = stolen_ns();
	service_cores(l);               /* counts from here */
	if ((code = start_workers(&p, e)) < 0)
		return code;
	watch(&p);
	finish_workers(&p);
	struct run_phase *out = record(&p);
	struct phase_signs signs = signs_of(&p);
	phase_judge(r, out, p.total, &signs);
	if ((code = end_elsewhere(&p, out)) < 0 || (code = phase_balance(out, e)) < 0)
		return code;
	*ret_phase = out;
	if (bounds->ret_latency)
		*bounds->ret_latency = tally_latency(settled(&p));
	if (baseline)
		phase_baseline(l, r, out, settled(&p));
	if (p.want_log)
		code = run_write(r, "latency.hlog", p.log.data, p.log.size, e);
	return code < 0 ? code : check_alive(&p, e);
}

int
load_run(struct load *l, const struct load_step *step, bool baseline, struct run *r,
    struct run_phase **ret_phase, struct err *e)
{
	const struct load_share *share = step->share;
	const struct phase_bounds bounds = {
		.drain_ns = share && share->drain_ns ? share->drain_ns : DRAIN_MAX_NS,
		.behind_ns = share ? share->behind_ns : 0, .settle_ns = step->settle_ns,
	};
	return phase_run(l, step, &bounds, baseline, r, ret_phase, e);
}

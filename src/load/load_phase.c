/* SPDX-License-Identifier: MIT */
/* One phase: workers started together, their tallies collected while they run, the books closed.
 *
 * The control thread sleeps; twenty times a second it takes what the workers have handed over,
 * sorts it into seconds, tells the progress and passes on a request to stop. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "load/load_phase.h"
#include "load/throttle.h"
#include "load/wire.h"
#include "run/run_store.h"
#include "stats/hdr_log.h"

#define POLL_NS       (50 * NS_PER_MS)
#define LATE_NS       (300 * NS_PER_MS)     /* a second's last slice may arrive so late */
#define CREW_LATE_NS  (4 * NS_PER_S)        /* the same, from another process */
#define LEAD_NS       (2 * NS_PER_MS)       /* for the threads to start */
#define WORKER_RATE   40e3                  /* per second that one worker keeps easily */
#define DRAIN_MAX_NS  (2 * NS_PER_S)
/* A wake-up costs as much CPU as several requests. Where arrivals come closer than this, they are
 * due at ticks, and those of a tick are sent together. */
#define GAP_NS        (100 * NS_PER_US)
#define TICK_NS       (500 * NS_PER_US)

/* ---- while it runs ------------------------------------------------------------------------- */

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

static bool
is_enough(struct phase *p, int64_t now)
{
	struct phase_view v = {
		.passed_ns = now - p->task.start_ns, .total = p->total, .n_seconds = p->first_open,
		.seconds = p->closed,
	};

	if (!p->bounds->enough)
		return false;
	v.latency = tally_latency(phase_settled(p));
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
		phase_collect(p);
		now = now_ns();
		if (now >= end && isnan(p->service_cpu))
			p->service_cpu = service_cores(p->l);
		while (p->first_open + 1 < p->n_seconds && is_complete(p, now))
			phase_close_second(p);
		if (is_unsafe(p, now) || stop_requested() || is_gone(p) || is_called_off(p) || is_enough(p, now))
			end_early(p, now);
		phase_say(p, now);
	}
	if (isnan(p->service_cpu))
		p->service_cpu = service_cores(p->l);
}

/* ---- start and end ------------------------------------------------------------------------- */

static uint32_t
workers_for(const struct load *l, const struct load_step *step)
{
	double wanted = step->closed > 0 ? (double)step->closed / LOAD_PER_WORKER
	    : step->rate / (double)phase_sharers(step) / WORKER_RATE;
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
	phase_collect(p);
	while (p->first_open < p->n_seconds)
		phase_close_second(p);
	if (p->run->safety_stop.what)
		stop_request();
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
	p->task.workers = p->active * phase_sharers(p->step);
	p->task.at_most = p->task.closed ? p->step->at_most : 0;
	p->task.rate = p->step->rate / (double)phase_sharers(p->step) / (p->active ? p->active : 1);
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
	struct run_phase *out = phase_write(&p);
	struct phase_signs signs = phase_signs_of(&p);
	phase_judge(r, out, p.total, &signs);
	if ((code = end_elsewhere(&p, out)) < 0 || (code = phase_balance(out, e)) < 0)
		return code;
	*ret_phase = out;
	if (bounds->ret_latency)
		*bounds->ret_latency = tally_latency(phase_settled(&p));
	if (baseline)
		phase_baseline(l, r, out, phase_settled(&p));
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

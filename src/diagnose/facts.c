/* SPDX-License-Identifier: MIT */
#include "diagnose/facts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/charge.h"
#include "diagnose/text.h"

#define SLOW_REQUESTS_MIN 5      /* fewer slow requests than this are anecdotes */
#define SHARE_MIN         0.05
#define SHARE_MIN_AT_EASE 0.25
#define REQUESTS_FEW      50
#define SLOW_REQUESTS_FEW 15
#define DROPPED_MUCH      0.05
#define BUSY              0.7    /* of the CPU that it may use, or of one thread */
#define NOISE_HIGH        0.3
#define LOOP_FULL         0.85   /* on CPU or waiting for one */
#define CPU_ENOUGH        0.1    /* of the time: its own samples tell the functions apart */
#define HOST_FULL         0.9
#define OTHERS_MUCH       0.25   /* of the host's CPUs */
#define ROUTE_DOMINATES   0.6
#define PIECES_MIN        1.5    /* writes of an answer */
#define DELAYED_ACK_LOW   0.036  /* Linux acknowledges at the latest after 40 ms (TCP_DELACK_MIN) */
#define DELAYED_ACK_HIGH  0.060
#define YOUNG_MOST        0.25    /* of the phases */
#define WORKER_TAKEN      0.85   /* of its time at work, on or off CPU */

static double
known(double v)
{
	return isfinite(v) ? v : 0;
}

/* ---- time ---------------------------------------------------------------------------------- */

static double
weight(const struct run_time *t)
{
	return t->requests > 0 ? t->requests * known(t->seconds) : 0;
}

static const char *
pick_scope(const struct run *r)
{
	double slow = 0;
	bool all = false;

	for (size_t i = 0; i < r->n_time; i++) {
		if (text_same(r->time[i].scope, "slow"))
			slow += r->time[i].requests;
		else
			all = true;
	}
	return slow >= SLOW_REQUESTS_MIN || (slow > 0 && !all) ? "slow" : all ? "all" : NULL;
}

static bool
in_scope(const struct facts *f, const struct run_time *t)
{
	return f->scope && text_same(t->scope ? t->scope : "all", f->scope);
}

static void
sum_kinds(double by_kind[PART_KINDS], const struct run_part *parts, size_t n, double scale)
{
	for (size_t i = 0; i < n; i++)
		if (parts[i].kind > PART_NONE && parts[i].kind < PART_KINDS && parts[i].share > 0)
			by_kind[parts[i].kind] += parts[i].share * scale;
}

static void
make_time(struct facts *f)
{
	struct run *r = f->run;
	struct mix m = { .run = r };
	double sum = 0, requests = 0;

	f->scope = pick_scope(r);
	for (size_t i = 0; i < r->n_time; i++)
		if (in_scope(f, &r->time[i])) {
			sum += weight(&r->time[i]);
			requests += r->time[i].requests;
		}
	if (sum <= 0) {
		f->scope = NULL;
		return;
	}
	for (size_t i = 0; i < r->n_time; i++) {
		const struct run_time *t = &r->time[i];
		if (!in_scope(f, t))
			continue;
		for (size_t k = 0; k < t->n_parts; k++)
			mix_add(&m, t->parts[k].kind, t->parts[k].where,
			    t->parts[k].share * weight(t) / sum);
	}
	f->requests = requests;
	f->seconds = sum / requests;
	mix_seal(&m, f->seconds);
	f->parts = m.parts;
	f->n_parts = m.n;
	sum_kinds(f->charged, f->parts, f->n_parts, 1);
	for (size_t i = 0; i < f->trace->n_routes; i++)
		if (in_scope(f, &f->trace->routes[i]))
			sum_kinds(f->raw, f->trace->routes[i].parts, f->trace->routes[i].n_parts,
			    weight(&f->trace->routes[i]) / sum);
}

/* Slow requests that mostly wait have too few samples of their own: then all requests tell which
 * functions keep the CPUs busy, scaled to the CPU time of the scope. */
static void
make_cpu(struct facts *f)
{
	struct mix m = { .run = f->run };
	double sum = 0;

	for (size_t i = 0; f->charged[PART_CPU] >= CPU_ENOUGH && i < f->n_parts; i++)
		if (f->parts[i].kind == PART_CPU)
			mix_add(&m, PART_CPU, f->parts[i].where, f->parts[i].share);
	for (size_t i = 0; f->charged[PART_CPU] < CPU_ENOUGH && i < f->run->n_time; i++) {
		const struct run_time *t = &f->run->time[i];
		for (size_t k = 0; k < t->n_parts && !text_same(t->scope, "slow"); k++)
			if (t->parts[k].kind == PART_CPU)
				mix_add(&m, PART_CPU, t->parts[k].where, t->parts[k].share * weight(t));
	}
	for (size_t i = 0; i < m.n; i++)
		sum += m.parts[i].share;
	for (size_t i = 0; i < m.n; i++)
		m.parts[i].share *= f->charged[PART_CPU] / sum;
	f->cpu_parts = m.parts;
	f->n_cpu_parts = m.n;
}

/* ---- questions ----------------------------------------------------------------------------- */

double
facts_share(const struct facts *f, enum run_part_kind kind, const char *where)
{
	double sum = 0;

	for (size_t i = 0; i < f->n_parts; i++)
		if (f->parts[i].kind == kind && (!where || text_same(f->parts[i].where, where)))
			sum += f->parts[i].share;
	return sum;
}

double
facts_share_held(const struct facts *f, enum run_part_kind kind, const char *where)
{
	double sum = facts_share(f, kind, where);

	for (size_t i = 0; i < f->n_parts; i++) {
		const struct run_part *p = &f->parts[i];
		if (p->kind != PART_LOCK)
			continue;
		const struct run_wait *w = charge_wait(f->run, PART_LOCK, p->where);
		for (size_t k = 0; w && k < w->n_holder; k++)
			if (w->holder[k].kind == kind && w->holder[k].share > 0
			    && (!where || text_same(w->holder[k].where, where)))
				sum += p->share * fmin(w->holder[k].share, 1);
	}
	return fmin(sum, 1);
}

const char *
facts_route(const struct facts *f, enum run_part_kind kind, const char *where)
{
	const char *best = NULL;
	double best_share = 0, sum = 0;
	size_t routes = 0;

	for (size_t i = 0; i < f->run->n_time; i++) {
		const struct run_time *t = &f->run->time[i];
		double here = 0;
		if (!in_scope(f, t))
			continue;
		for (size_t k = 0; k < t->n_parts; k++)
			if (t->parts[k].kind == kind
			    && (!where || text_same(t->parts[k].where, where)))
				here += t->parts[k].share * weight(t);
		routes++;
		sum += here;
		if (here > best_share) {
			best_share = here;
			best = t->route;
		}
	}
	return routes > 1 && best_share >= ROUTE_DOMINATES * sum ? best : NULL;
}

static bool
has_embedded_database(const struct facts *f)
{
	for (size_t i = 0; i < f->trace->n_queries; i++)
		if (text_same(f->trace->queries[i].engine, "sqlite"))
			return true;
	return false;
}

const struct run_phase *
facts_alone(const struct facts *f)
{
	const struct run *r = f->run;

	for (size_t i = 0; i < r->evidence.n_phases; i++)
		if (text_same(r->evidence.phases[i].name, "baseline") && &r->evidence.phases[i] != f->phase)
			return &r->evidence.phases[i];
	return NULL;
}

bool
facts_loop_full(const struct facts *f)
{
	return f->loop && known(f->loop->cpu) + known(f->loop->runqueue) > LOOP_FULL;
}

/* How much of the waiting for a CPU shrinks with the service's own computing: all of it when its
 * threads queue up for what they get, whoever has the rest; else as far as the CPUs are busy with
 * the service. */
static double
own_part_of_runqueue(const struct facts *f)
{
	if (f->waiting >= 1 || facts_loop_full(f))
		return 1;
	if (isfinite(f->cpu_limit) && f->utilisation > BUSY)
		return 1;
	if (f->busiest && f->busiest->cpu > BUSY && !(f->host_busy > HOST_FULL))
		return 1;
	double busy = f->host_busy * f->run->host.cpus;
	double own = busy > 0 ? f->cores_used / busy : f->utilisation > BUSY ? 1 : 0;
	return isfinite(own) ? fmin(own, 1) : 0;
}

double
facts_with_runqueue(const struct facts *f, double share)
{
	double computing = f->charged[PART_CPU] + (has_embedded_database(f) ? f->charged[PART_DB] : 0);

	if (computing > 0)
		share += f->charged[PART_RUNQUEUE] * own_part_of_runqueue(f) * fmin(share / computing, 1);
	return fmin(share, 1);
}

double
facts_attribution(double share, double direct)
{
	return share > 2 * direct ? 0.8 : 1;
}

const struct run_series *
facts_series(const struct facts *f, const char *name)
{
	const struct run_evidence *e = &f->run->evidence;

	for (size_t i = 0; i < e->n_series; i++)
		if (text_same(e->series[i].name, name))
			return &e->series[i];
	return NULL;
}

double
facts_mean(const struct facts *f, const char *name)
{
	const struct run_series *s = facts_series(f, name);

	return s ? s->mean : NAN;
}

static const struct run_process *
facts_process(const struct run *r, int64_t pid)
{
	for (size_t i = 0; i < r->system.n_processes; i++)
		if (r->system.processes[i].pid == pid)
			return &r->system.processes[i];
	return NULL;
}

const struct run_process *
facts_first_process(const struct facts *f)
{
	const struct run_system *s = &f->run->system;
	int64_t front = 0;

	for (size_t i = 0; i < s->n_processes; i++)
		front = s->processes[i].behind ? s->processes[i].behind : front;   /* proxies before each other come first */
	for (size_t i = 0; i < s->n_processes; i++)
		if (s->processes[i].behind == front)
			return &s->processes[i];
	return NULL;
}

const char *
facts_runtime(const struct facts *f)
{
	const struct run_process *p = f->busiest ? facts_process(f->run, f->busiest->pid) : NULL;

	p = p ? p : facts_first_process(f);
	return p && p->runtime ? p->runtime : "native";
}

/* ---- resources ----------------------------------------------------------------------------- */

/* Most of what was sampled ran below the loop of Python's asyncio. */
static bool
runs_asyncio(const struct run_trace *t)
{
	double below = 0, all = 0;

	for (size_t i = 0; i < t->n_stacks; i++) {
		const struct run_stack *s = &t->stacks[i];
		if (!text_same(s->kind, "cpu") || !(s->seconds > 0))
			continue;
		all += s->seconds;
		below += text_has(s->frames, "_run_once") ? s->seconds : 0;
	}
	return below > 0.5 * all;
}

/* A thread that waits in epoll, poll or select runs a loop; but a worker that only waits for its
 * next connection does too, so the runtime decides where it is known. */
static bool
is_event_loop(const struct run_trace *trace, const struct run_process *p, const struct run_thread *t)
{
	static const char *const loops[] = { "node", "deno", "bun", "nginx", NULL };
	static const char *const no_loops[] = { "go", "java", "ruby", "php", NULL };
	static const char *const async_frameworks[] = {
		"asyncio", "uvicorn", "aiohttp", "fastapi", "starlette", "hypercorn", "tornado",
		"sanic", "quart", "gevent", "eventlet", "uvloop", NULL,
	};

	if (!t->loop)
		return false;
	if (!p || !p->runtime || text_in(p->runtime, loops))
		return true;
	if (text_same(p->runtime, "python"))
		return text_in(p->framework, async_frameworks) || runs_asyncio(trace);
	return !text_in(p->runtime, no_loops);
}

/* A thread of the kernel that looks for requests in an io_uring (SQPOLL) keeps looking: that it is busy
 * says nothing. */
static bool
only_polls(const struct run_thread *t)
{
	return t->name && !strncmp(t->name, "iou-sqp-", strlen("iou-sqp-"));
}

static void
find_threads(struct facts *f)
{
	for (size_t i = 0; i < f->trace->n_threads; i++) {
		const struct run_thread *t = &f->trace->threads[i];
		if (only_polls(t))
			continue;
		const struct run_process *p = facts_process(f->run, t->pid);
		double off = known(t->blocked), taken = known(t->cpu) + known(t->runqueue) + off;
		if (!f->busiest || known(t->cpu) > known(f->busiest->cpu))
			f->busiest = t;
		if (is_event_loop(f->trace, p, t)
		    && (!f->loop || known(t->cpu) + off > known(f->loop->cpu) + known(f->loop->blocked))) {
			f->loop = t;
			f->loop_of = p;
		}
		f->waiting += known(t->runqueue);
		if (taken >= WORKER_TAKEN && off > known(t->cpu))
			f->blocked_workers = true;
	}
}

static double
first_known(double a, double b, double c)
{
	return isfinite(a) ? a : isfinite(b) ? b : c;
}

static void
find_resources(struct facts *f)
{
	const struct run *r = f->run;

	f->cpu_limit = NAN;
	for (size_t i = 0; i < r->system.n_processes; i++)
		if (r->system.processes[i].cpu_limit > 0)
			f->cpu_limit = fmin(isnan(f->cpu_limit) ? INFINITY : f->cpu_limit,
			    r->system.processes[i].cpu_limit);
	f->cores_allowed = r->host.cpus > 0 ? r->host.cpus : NAN;
	if (isfinite(f->cpu_limit))
		f->cores_allowed = fmin(f->cpu_limit, isnan(f->cores_allowed) ? INFINITY
		                                                              : f->cores_allowed);
	f->cores_used = first_known(f->phase ? f->phase->service_cpu : NAN, r->baseline.cpu,
	    facts_mean(f, "service_cpu_cores"));
	f->utilisation = f->cores_used / f->cores_allowed;
	f->host_busy = facts_mean(f, "host_cpu_busy_ratio");
	if (isnan(f->host_busy) && r->host.cpus > 0)
		f->host_busy = facts_mean(f, "host_cpu_cores") / r->host.cpus;
}

/* Answer time that the traced requests do not explain. */
static double
find_outside(const struct facts *f)
{
	double requests = 0, seconds = 0;
	double seen = f->phase ? f->phase->service.mean : NAN;

	for (size_t i = 0; i < f->run->n_time; i++) {
		const struct run_time *t = &f->run->time[i];
		if (!text_same(t->scope, "slow")) {
			requests += t->requests;
			seconds += weight(t);
		}
	}
	if (!(seen > 0) || requests <= 0)
		return NAN;
	return fmax(0, 1 - seconds / requests / seen);
}

/* The share of the phases in which even slow answers took less than an acknowledgement may. */
static double
answered_sooner(const struct run_evidence *e)
{
	double sooner = 0, all = 0;

	for (size_t i = 0; i < e->n_phases; i++) {
		double slow = e->phases[i].service.p95;
		sooner += slow < DELAYED_ACK_LOW;
		all += isfinite(slow);
	}
	return sooner / all;
}

/* Answers in pieces, the slow ones of which arrive just when an acknowledgement is due at the latest, whatever
 * the load. Not all do, and in phases of few requests maybe none: while a connection is young, Linux
 * acknowledges at once. Over a network the way may take as long: only answers that stay on this host tell. */
static double
find_stalled(const struct facts *f)
{
	double slow = f->phase ? f->phase->service.p95 : NAN;
	/* Without requests: what is not known, and bytes of answers that the kernel has and does not send. */
	double outside = f->estimated && f->waits_sampled ?
	    f->charged[PART_OTHER] + facts_share(f, PART_NET, "client") : f->outside;

	return f->run->host.generator_on_host && f->trace->pieces >= PIECES_MIN && slow >= DELAYED_ACK_LOW
	    && slow <= DELAYED_ACK_HIGH && answered_sooner(&f->run->evidence) <= YOUNG_MOST && outside > 0
	    ? outside : 0;
}

/* ---- trust --------------------------------------------------------------------------------- */

static void
doubt(struct facts *f, double factor, const char *why)
{
	f->trust *= factor;
	if (!f->doubt)
		f->doubt = why;
}

static void
judge_evidence(struct facts *f)
{
	const struct run_trace *t = f->trace;
	double seen = (double)t->samples + 4.0 * t->requests + 1;

	f->trust = 1;
	double requests = fmax(f->requests, t->requests);
	if (requests < REQUESTS_FEW && !t->n_loaders)
		doubt(f, 0.6, run_printf(f->run, "only %.0f requests were traced", requests));
	else if (f->requests < SLOW_REQUESTS_FEW && !t->n_loaders)
		doubt(f, 0.85, run_printf(f->run, "only %.0f slow requests were traced", f->requests));
	if (t->dropped > DROPPED_MUCH * (t->dropped + seen))
		doubt(f, 0.7, run_printf(f->run, "%lld trace events were lost", (long long)t->dropped));
	if (!text_same(t->mode, "bpf"))
		doubt(f, 0.8, "tracing was limited on this host");
	double others = facts_mean(f, "host_other_cpu_cores");
	if (f->host_busy > HOST_FULL && others > OTHERS_MUCH * f->run->host.cpus)
		doubt(f, 0.9, run_printf(f->run, "other processes used %.2f of the host's %lld CPUs "
		    "meanwhile", others, (long long)f->run->host.cpus));
	if (t->symbolised < 0.5)
		doubt(f, 0.9, "most functions have no name");
	if (f->run->evidence.noise > NOISE_HIGH)
		doubt(f, 0.85, run_printf(f->run, "the load was noisy: p50 varied by %s between blocks",
		                  PCT(f->run->evidence.noise)));
}

static bool
all_targets_met(const struct run *r)
{
	for (size_t i = 0; i < r->n_targets; i++)
		if (!r->targets[i].met)
			return false;
	return r->n_targets > 0;
}

static size_t
count_rates_asked(const struct run *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_targets; i++)
		n += r->targets[i].at_rate > 0;
	return n;
}

/* Every target names the rate that is asked of the service. */
static bool
half_to_spare(const struct run *r)
{
	for (size_t i = 0; i < r->n_targets; i++)
		if (!text_same(r->targets[i].op, "<") || !(r->targets[i].value <= r->targets[i].limit / 2))
			return false;
	return r->n_targets > 0 && count_rates_asked(r) == r->n_targets;
}

static const struct run_phase *
traced_phase(const struct run *r)
{
	static const char *const names[] = { "trace", "peak", "baseline", NULL };
	const struct run_evidence *e = &r->evidence;

	for (size_t k = 0; names[k]; k++)
		for (size_t i = e->n_phases; i-- > 0;)
			if (text_same(e->phases[i].name, names[k]))
				return &e->phases[i];
	return e->n_phases ? &e->phases[e->n_phases - 1] : NULL;
}

void
facts_make(struct facts *f, struct run *r)
{
	*f = (struct facts){ .run = r, .trace = &r->evidence.trace };
	f->phase = traced_phase(r);
	find_threads(f);
	find_resources(f);
	make_time(f);
	facts_estimate(f);
	make_cpu(f);
	facts_make_hot(f);
	f->outside = find_outside(f);
	f->stalled = find_stalled(f);
	f->at_ease = all_targets_met(r) && !(f->utilisation >= BUSY);
	f->at_rest = f->at_ease && half_to_spare(r);
	f->rate_asked = count_rates_asked(r) > 0;
	f->end_found = isfinite(r->capacity.knee_rate) && !r->capacity.at_least;
	f->min_share = f->at_ease ? SHARE_MIN_AT_EASE
	                          : fmin(fmax(SHARE_MIN, known(r->evidence.noise)), NOISE_HIGH);
	judge_evidence(f);
}

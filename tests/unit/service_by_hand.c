/* SPDX-License-Identifier: MIT */
#include "service_by_hand.h"

#include <string.h>

void
add_part(struct run *r, struct run_part **parts, size_t *n, enum run_part_kind kind,
    const char *where, double share)
{
	struct run_part *p = run_add_(r, &run_part_type, (void **)parts, n);
	p->kind = kind;
	p->where = where;
	p->share = share;
}

void
part(struct run *r, enum run_part_kind kind, const char *where, double share)
{
	for (size_t i = 0; i < r->evidence.trace.n_routes; i++)
		add_part(r, &r->evidence.trace.routes[i].parts, &r->evidence.trace.routes[i].n_parts,
		    kind, where, share);
}

struct run_thread *
thread(struct run *r, const char *name, double cpu)
{
	struct run_thread *t = RUN_ADD(r, thread, r->evidence.trace.threads,
	    r->evidence.trace.n_threads);
	t->pid = 100;
	t->tid = 100 + (int64_t)r->evidence.trace.n_threads;
	t->name = name;
	t->cpu = cpu;
	t->runqueue = t->blocked = 0;
	return t;
}

struct run_function *
function(struct run *r, const char *name, const char *language, double self, bool application)
{
	struct run_trace *t = &r->evidence.trace;
	struct run_function *f = RUN_ADD(r, function, t->functions, t->n_functions);
	f->name = name;
	f->language = language;
	f->self = f->total = self;
	f->application = application;
	f->samples = 500;
	return f;
}

void
stack(struct run *r, const char *frames, double seconds)
{
	struct run_stack *s = RUN_ADD(r, stack, r->evidence.trace.stacks, r->evidence.trace.n_stacks);
	s->kind = "cpu";
	s->frames = frames;
	s->seconds = seconds;
}

struct run_series *
series(struct run *r, const char *name, double mean)
{
	struct run_series *s = RUN_ADD(r, series, r->evidence.series, r->evidence.n_series);
	s->name = name;
	s->mean = s->min = s->max = mean;
	return s;
}

struct run_wait *
wait_for(struct run *r, enum run_part_kind kind, const char *where, double waiters)
{
	struct run_wait *w = RUN_ADD(r, wait, r->evidence.trace.waits, r->evidence.trace.n_waits);
	w->kind = kind;
	w->where = where;
	w->waits = 1000;
	w->seconds = 10;
	w->mean_waiters = waiters;
	return w;
}

void
held(struct run *r, enum run_part_kind kind, const char *where, double share)
{
	struct run_wait *w = &r->evidence.trace.waits[r->evidence.trace.n_waits - 1];
	add_part(r, &w->holder, &w->n_holder, kind, where, share);
}

struct run_query *
query(struct run *r, const char *text, double calls, double seconds, double per_request)
{
	struct run_query *q = RUN_ADD(r, query, r->evidence.trace.queries, r->evidence.trace.n_queries);
	q->engine = "sqlite";
	q->fingerprint = text;
	q->route = "/";
	q->calls = calls;
	q->seconds = seconds;
	q->per_request = q->most_per_request = per_request;
	return q;
}

struct run *
service(const char *runtime)
{
	struct run *r = run_new();
	struct run_trace *t = &r->evidence.trace;

	r->host.cpus = 4;
	r->host.memory_bytes = (int64_t)8 << 30;
	struct run_process *p = RUN_ADD(r, process, r->system.processes, r->system.n_processes);
	p->pid = 100;
	p->name = "shop";
	p->runtime = runtime;
	p->threads = 4;
	struct run_phase *ph = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
	ph->name = "trace";
	ph->answered = ph->sent = ph->scheduled = 1000;
	ph->service.mean = 0.021;
	r->baseline.rate = r->baseline.throughput = 850;
	r->baseline.latency = (struct run_latency){ .mean = 0.02, .p50 = 0.018, .p95 = 0.05,
		.p99 = 0.08, .p999 = 0.1, .max = 0.2 };
	r->baseline.error_rate = r->baseline.timeout_rate = 0;
	r->baseline.cpu = 0.4;
	r->baseline.cpu_per_request = 0.0005;
	r->capacity.knee_rate = 1000;
	r->capacity.max_rate = 1050;
	r->capacity.stopped_by = "latency";
	r->evidence.noise = 0.02;
	series(r, "host_cpu_busy_ratio", 0.3);
	t->mode = "bpf";
	t->requests = 1000;
	t->samples = 4000;
	t->unwound = t->symbolised = 1;
	struct run_time *all = RUN_ADD(r, time, t->routes, t->n_routes);
	all->route = "/";
	all->scope = "all";
	all->requests = 1000;
	all->seconds = 0.02;
	return r;
}

struct run_target *
target(struct run *r, const char *metric, const char *op, double limit, double at_rate)
{
	struct run_target *t = RUN_ADD(r, target, r->targets, r->n_targets);
	t->metric = metric;
	t->op = op;
	t->limit = limit;
	t->at_rate = at_rate;
	return t;
}

/* ---- services that are busy with one thing ---- */

struct run *
painted(enum run_part_kind kind, const char *where, double share)
{
	struct run *r = service("native");
	part(r, kind, where, share);
	part(r, PART_CPU, "handle", 0.05);
	part(r, PART_OTHER, "rest", 0.95 - share);
	return r;
}

struct run *
memory_work(const char *frames, double share)
{
	struct run *r = service("native");
	r->baseline.cpu = 3.6;
	part(r, PART_CPU, "draw_lines", 0.9);
	part(r, PART_OTHER, NULL, 0.1);
	function(r, "draw_lines", "native", 0.1, true);
	stack(r, "main;worker;draw_lines", 1 - share);
	stack(r, frames, share);
	return r;
}

struct run *
hot(double share, double utilisation)
{
	struct run *r = service("native");
	r->baseline.cpu = 4 * utilisation;
	part(r, PART_CPU, "memcpy", share / 2);
	part(r, PART_CPU, "score_cart", share / 2);
	part(r, PART_CPU, "parse", 0.05);
	part(r, PART_OTHER, "rest", 0.95 - share);
	function(r, "score_cart", "native", 0.4, true);
	function(r, "handle", "native", 0.01, true);
	function(r, "parse", "native", 0.05, true);
	function(r, "memcpy", "native", 0.4, false);
	stack(r, "main;worker;handle;score_cart", 1);
	stack(r, "main;worker;handle;score_cart;memcpy", 1);
	stack(r, "main;worker;handle;parse", 0.1);
	return r;
}

struct run *
loop(double cpu, double longest, const char *runtime)
{
	struct run *r = service(runtime);
	struct run_thread *t = thread(r, runtime, cpu);
	t->loop = true;
	t->longest_run = longest;
	r->baseline.cpu = cpu;
	part(r, PART_QUEUE, "loop", 0.7);
	part(r, PART_CPU, "v8", 0.2);
	part(r, PART_NET, "client", 0.1);
	wait_for(r, PART_QUEUE, "loop", 5);
	held(r, PART_CPU, "v8", 1);
	return r;
}

/* ---- what was found ---- */

bool
ruled_out(const struct run *r, const char *kind)
{
	for (size_t i = 0; i < r->n_ruled_out; i++)
		if (strcmp(r->ruled_out[i].kind, kind) == 0)
			return r->ruled_out[i].why && *r->ruled_out[i].why;
	return false;
}

const struct run_finding *
finding(const struct run *r, const char *kind)
{
	for (size_t i = 0; i < r->n_findings; i++)
		if (strcmp(r->findings[i].kind, kind) == 0)
			return &r->findings[i];
	return NULL;
}

bool
says(const struct run_finding *f, const char *text)
{
	for (size_t i = 0; i < f->n_evidence; i++)
		if (strstr(f->evidence[i], text))
			return true;
	return false;
}

unsigned
next_random(unsigned *state)
{
	return *state = *state * 1103515245u + 12345u, *state >> 16;
}

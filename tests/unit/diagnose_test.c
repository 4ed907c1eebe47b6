/* SPDX-License-Identifier: MIT */
/* Runs made by hand, one per kind with a healthy twin; charging conserves time; refusals. */
#include "diagnose/diagnose.h"

#include "base/arena.h"
#include "base/buf.h"
#include "check.h"
#include "run/run_codec.h"

/* ---- runs by hand -------------------------------------------------------------------------- */

static void
add_part(struct run *r, struct run_part **parts, size_t *n, enum run_part_kind kind,
    const char *where, double share)
{
	struct run_part *p = run_add_(r, &run_part_type, (void **)parts, n);
	p->kind = kind;
	p->where = where;
	p->share = share;
}

static void
part(struct run *r, enum run_part_kind kind, const char *where, double share)
{
	for (size_t i = 0; i < r->evidence.trace.n_routes; i++)
		add_part(r, &r->evidence.trace.routes[i].parts, &r->evidence.trace.routes[i].n_parts,
		    kind, where, share);
}

static struct run_thread *
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

static struct run_function *
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

static void
stack(struct run *r, const char *frames, double seconds)
{
	struct run_stack *s = RUN_ADD(r, stack, r->evidence.trace.stacks, r->evidence.trace.n_stacks);
	s->kind = "cpu";
	s->frames = frames;
	s->seconds = seconds;
}

static struct run_series *
series(struct run *r, const char *name, double mean)
{
	struct run_series *s = RUN_ADD(r, series, r->evidence.series, r->evidence.n_series);
	s->name = name;
	s->mean = s->min = s->max = mean;
	return s;
}

static struct run_wait *
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

static void
held(struct run *r, enum run_part_kind kind, const char *where, double share)
{
	struct run_wait *w = &r->evidence.trace.waits[r->evidence.trace.n_waits - 1];
	add_part(r, &w->holder, &w->n_holder, kind, where, share);
}

static struct run_query *
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

/* A well-traced service at 85 % of its knee: 1000 requests of 20 ms, nothing painted yet. */
static struct run *
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

static struct run_target *
target(struct run *r, const char *metric, const char *op, double limit, double at_rate)
{
	struct run_target *t = RUN_ADD(r, target, r->targets, r->n_targets);
	t->metric = metric;
	t->op = op;
	t->limit = limit;
	t->at_rate = at_rate;
	return t;
}

static bool
ruled_out(const struct run *r, const char *kind)
{
	for (size_t i = 0; i < r->n_ruled_out; i++)
		if (strcmp(r->ruled_out[i].kind, kind) == 0)
			return r->ruled_out[i].why && *r->ruled_out[i].why;
	return false;
}

static const struct run_finding *
finding(const struct run *r, const char *kind)
{
	for (size_t i = 0; i < r->n_findings; i++)
		if (strcmp(r->findings[i].kind, kind) == 0)
			return &r->findings[i];
	return NULL;
}

/* ---- a row per kind: the fault, and the twin that looks alike ------------------------------- */

static struct run *
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

static struct run *hot_function(void) { return hot(0.71, 0.9); }
static struct run *hot_but_idle(void) { return hot(0.30, 0.2); }

/* A cron thread burns CPU in its own function: it is sampled, but no request runs it. */
static struct run *
cold_cron(void)
{
	struct run *r = hot(0.05, 0.9);
	function(r, "cron", "native", 0.9, true);
	stack(r, "main;cron_main;cron", 100);
	return r;
}

static struct run *
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

static struct run *node_blocked(void) { return loop(0.9, 0.045, "node"); }
static struct run *node_calm(void) { return loop(0.3, 0.001, "node"); }

/* Its longest stretch was long because others had the CPU in the midst of it. */
static struct run *
node_preempted(void)
{
	struct run *r = loop(0.24, 0.012, "node");
	r->evidence.trace.threads[0].runqueue = 0.4;
	return r;
}

static struct run *nginx_full(void) { return loop(0.95, 0.0075, "nginx"); }

static struct run *
single(double second)
{
	struct run *r = service("native");
	thread(r, "worker", 0.97);
	thread(r, "other", second);
	r->baseline.cpu = 0.97 + second;
	part(r, PART_CPU, "a", 0.3);
	part(r, PART_CPU, "b", 0.3);
	part(r, PART_CPU, "c", 0.3);
	part(r, PART_OTHER, NULL, 0.1);
	return r;
}

/* A thread a connection, each of them seldom on CPU: they take turns. */
static struct run *
turns(double waits)
{
	struct run *r = service("python");
	for (int i = 0; i < 30; i++)
		thread(r, "python3", 0.03);
	r->baseline.cpu = 0.95;
	part(r, PART_LOCK, "Python GIL", waits);
	part(r, PART_CPU, "parse", 0.1);
	part(r, PART_CPU, "score", 0.1);
	part(r, PART_OTHER, "rest", 0.8 - waits);
	return r;
}

static struct run *threads_in_turn(void) { return turns(0.6); }
static struct run *threads_at_once(void) { return turns(0.02); }

/* One function has nearly all of the turns. */
static struct run *
turns_for_one(void)
{
	struct run *r = turns(0.6);
	function(r, "parse", "python", 0.9, true);
	stack(r, "main;serve;parse", 9);
	stack(r, "main;serve;score", 1);
	return r;
}

/* The rest of the host is taken by others. */
static struct run *
turns_on_a_full_host(void)
{
	struct run *r = turns(0.6);
	r->evidence.series[0].mean = 1;
	return r;
}

static struct run *one_thread(void) { return single(0.02); }
static struct run *two_threads(void) { return single(0.9); }

static struct run *
throttle(double ratio)
{
	struct run *r = hot_function();
	r->system.processes[0].cpu_limit = 0.5;
	r->system.processes[0].cgroup = "/shop";
	r->baseline.cpu = 0.49;
	series(r, "service_throttled_ratio", ratio);
	series(r, "service_throttled_seconds_per_second", ratio);
	return r;
}

static struct run *throttled(void) { return throttle(0.6); }

/* Not stopped where it was measured, but missed higher rates with so much of its quota used. */
static struct run *
throttle_above(double used)
{
	struct run *r = throttle(0);

	r->capacity.knee_rate = 100;
	for (int i = 0; i < 3; i++) {
		struct run_point *p = RUN_ADD(r, point, r->capacity.curve, r->capacity.n_curve);
		p->rate = 100 + 50 * i;
		p->sustained = i == 0;
		p->cpu = i == 0 ? 0.3 : 0.5 * used;
	}
	return r;
}

static struct run *throttled_above(void) { return throttle_above(0.97); }
static struct run *missed_below_quota(void) { return throttle_above(0.6); }
static struct run *not_throttled(void) { return throttle(0.01); }

static struct run *
full(double cores, bool generator)
{
	struct run *r = service("native");
	r->baseline.cpu = cores;
	r->evidence.series[0].mean = 0.97;
	r->host.generator_on_host = generator;
	for (int i = 0; i < 10; i++)
		part(r, PART_CPU, run_printf(r, "f%d", i), 0.06);
	part(r, PART_RUNQUEUE, NULL, 0.4);
	return r;
}

static struct run *host_full(void) { return full(3.6, false); }
static struct run *host_full_of_generator(void) { return full(1.4, true); }

static struct run *
convoy(double waiters, enum run_part_kind holder)
{
	struct run *r = service("native");
	part(r, PART_LOCK, "inventory_lock", 0.6);
	part(r, PART_CPU, "handle", 0.2);
	part(r, PART_OTHER, NULL, 0.2);
	wait_for(r, PART_LOCK, "inventory_lock", waiters)->site = "buy_under_lock";
	held(r, holder, "SELECT 1", 1);
	return r;
}

static struct run *lock_convoy(void) { return convoy(6, PART_SLEEP); }
static struct run *lock_calm(void) { return convoy(0.4, PART_SLEEP); }

static struct run *
pool_threads_idle(void)
{
	struct run *r = convoy(6, PART_SLEEP);
	r->evidence.trace.waits[0].site = "uv_cond_signal";
	return r;
}

static struct run *
workers(enum run_part_kind doing)
{
	struct run *r = service("python");
	r->system.processes[0].framework = "gunicorn";
	struct run_thread *t = thread(r, "gunicorn", 0.05);
	t->loop = true;   /* waits for its next connection in select */
	t->blocked = 0.93;
	part(r, PART_QUEUE, "accept", 0.7);
	part(r, doing, "handler", 0.3);
	wait_for(r, PART_QUEUE, "accept", 4);
	held(r, doing, "handler", 1);
	return r;
}

static struct run *workers_blocked(void) { return workers(PART_SLEEP); }
static struct run *workers_compute(void) { return workers(PART_CPU); }

/* Goroutines at a channel; whoever passes it sleeps. */
static struct run *
channel_blocked(void)
{
	struct run *r = service("go");
	part(r, PART_QUEUE, "channel in main.reserve", 0.8);
	part(r, PART_SLEEP, "main.reserve", 0.2);
	wait_for(r, PART_QUEUE, "channel in main.reserve", 6);
	return r;
}

/* Of those that passed it so many are at work in the same function. */
static struct run *
channel_passed(double past)
{
	struct run *r = channel_blocked();
	r->evidence.trace.seconds = 10;
	stack(r, "net/http.(*conn).serve;main.reserve;runtime.chansend1", 60);
	r->evidence.trace.stacks[0].kind = "queue";
	stack(r, "net/http.(*conn).serve;main.reserve;time.Sleep", 10 * past);
	r->evidence.trace.stacks[1].kind = "sleep";
	return r;
}

static struct run *channel_as_lock(void) { return channel_passed(0.95); }
static struct run *channel_of_four(void) { return channel_passed(4); }

static struct run *
painted(enum run_part_kind kind, const char *where, double share)
{
	struct run *r = service("native");
	part(r, kind, where, share);
	part(r, PART_CPU, "handle", 0.05);
	part(r, PART_OTHER, "rest", 0.95 - share);
	return r;
}

static struct run *syncs(void) { return painted(PART_DISK, "fdatasync", 0.8); }
static struct run *syncs_little(void) { return painted(PART_DISK, "fdatasync", 0.04); }
static struct run *reads(void) { return painted(PART_DISK, "read", 0.8); }
static struct run *reads_little(void) { return painted(PART_DISK, "read", 0.04); }
static struct run *downstream(void) { return painted(PART_NET, "10.0.0.7:80", 0.9); }
static struct run *slow_client(void) { return painted(PART_NET, "client", 0.9); }
static struct run *collects(void) { return painted(PART_GC, NULL, 0.4); }
static struct run *collects_little(void) { return painted(PART_GC, NULL, 0.02); }
static struct run *faults(void) { return painted(PART_FAULT, NULL, 0.4); }
static struct run *faults_little(void) { return painted(PART_FAULT, NULL, 0.02); }

/* A handler that spends its CPU time in a function of the system: called by itself, or seldom. */
static struct run *
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

/* Half of the samples in a function that spins, or that computes. */
static struct run *
spins(double spinning)
{
	struct run *r = hot(0.71, 0.9);
	r->evidence.trace.functions[0].spinning = spinning;
	return r;
}

static struct run *spin_lock(void) { return spins(0.9); }
static struct run *computes(void) { return spins(0.01); }

/* So many of the requests are in it, so many at a time; chance alone would bring 1.5 together. */
static struct run *
together(double requests, double at_once)
{
	struct run *r = hot(0.71, 0.9);
	struct run_function *f = &r->evidence.trace.functions[0];
	f->requests = requests;
	f->at_once = at_once;
	f->at_once_even = 1.5;
	return r;
}

static struct run *stampede(void) { return together(0.04, 12); }
static struct run *rare_work(void) { return together(0.04, 1.7); }
static struct run *work_of_all(void) { return together(1, 12); }

#define FAULT_PATH "main;worker;draw_lines;asm_exc_page_fault;exc_page_fault;clear_page_erms"
#define MALLOC_PATH "main;worker;draw_lines;malloc;_int_malloc"
static struct run *fresh_pages(void) { return memory_work(FAULT_PATH, 0.6); }
static struct run *few_fresh_pages(void) { return memory_work(FAULT_PATH, 0.05); }
static struct run *allocates(void) { return memory_work(MALLOC_PATH, 0.6); }
static struct run *allocates_little(void) { return memory_work(MALLOC_PATH, 0.05); }

/* A loop that allocates: little of it is collecting, much is bringing in the pages that were given back. */
static struct run *
loop_allocates(int64_t collections)
{
	struct run *r = service("node");
	struct run_trace *t = &r->evidence.trace;
	struct run_thread *main_loop = thread(r, "node", 0.5);
	main_loop->loop = true;
	main_loop->longest_run = 0.5;
	part(r, PART_CPU, "history", 0.6);
	part(r, PART_FAULT, NULL, 0.12);
	part(r, PART_GC, NULL, 0.08);
	part(r, PART_OTHER, "rest", 0.2);
	function(r, "history", "javascript", 0.1, true);
	stack(r, "main;history;asm_exc_page_fault;exc_page_fault;handle_mm_fault", 4);
	stack(r, "main;history", 1);
	t->seconds = 10;
	struct run_gc *gc = RUN_ADD(r, gc, t->gc, t->n_gc);
	gc->runtime = "node";
	gc->collections = collections;
	gc->seconds = 0.6;
	gc->longest = 0.025;
	return r;
}

static struct run *heap_churns(void) { return loop_allocates(58); }
static struct run *heap_rests(void) { return loop_allocates(2); }

/* All wait at the lock of a pool for a connection to the ledger. */
static struct run *
locked_pool(int64_t connections, double busy)
{
	struct run *r = service("native");
	part(r, PART_LOCK, "pool", 0.7);
	part(r, PART_NET, "10.0.0.7:80", 0.3);
	wait_for(r, PART_LOCK, "pool", 12)->site = "pool_put";
	held(r, PART_NET, "10.0.0.7:80", 0.45);
	held(r, PART_LOCK, "pool", 0.5);
	held(r, PART_CPU, "pool_put", 0.05);
	struct run_peer *p = RUN_ADD(r, peer, r->system.peers, r->system.n_peers);
	p->kind = "tcp";
	p->address = "10.0.0.7:80";
	p->connections = connections;
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->peer = "10.0.0.7:80";
	c->calls = 1000;
	c->seconds = busy * 5;
	r->evidence.trace.seconds = 5;
	return r;
}

static struct run *small_pool(void) { return locked_pool(2, 1.9); }
static struct run *locked_connections(void) { return locked_pool(64, 1); }

/* Half of the requests' time is waiting for a CPU, and somebody else has so many of the four. */
static struct run *
beside(double cores, bool is_peer)
{
	struct run *r = service("native");
	part(r, PART_RUNQUEUE, NULL, 0.5);
	part(r, PART_CPU, "a", 0.1);
	part(r, PART_CPU, "b", 0.1);
	part(r, PART_OTHER, NULL, 0.3);
	r->baseline.cpu = 0.9;
	r->evidence.series[0].mean = 0.98;
	struct run_neighbour *n = RUN_ADD(r, neighbour, r->system.neighbours, r->system.n_neighbours);
	n->name = "make";
	n->processes = 3;
	n->cpu = cores;
	n->peer = is_peer;
	return r;
}

static struct run *beside_a_build(void) { return beside(2.9, false); }
static struct run *beside_little(void) { return beside(0.3, false); }
static struct run *beside_its_database(void) { return beside(2.9, true); }

static struct run *
swapping(double bytes)
{
	struct run *r = faults();
	series(r, "service_swap_bytes", bytes);
	series(r, "service_major_faults_per_second", 300);
	return r;
}

static struct run *swaps(void) { return swapping(1e8); }
static struct run *swaps_not(void) { return swapping(0); }

#define SCAN "SELECT * FROM orders WHERE customer_id = ?"

static struct run *
scanning(double rows, double share)
{
	struct run *r = painted(PART_DB, SCAN, share);
	struct run_query *q = query(r, SCAN, 1000, 20 * share, 1);
	q->scan_table = q->index_table = "orders";
	q->scan_rows = rows;
	q->index_plan = "SEARCH orders USING INDEX (customer_id=?)";
	RUN_ADD_STR(r, q->index_columns, q->n_index_columns, "customer_id");
	return r;
}

static struct run *missing_index(void) { return scanning(600000, 0.71); }
static struct run *small_table(void) { return scanning(20, 0.71); }

static struct run *
repeated(double per_request)
{
	struct run *r = painted(PART_DB, "SELECT name FROM products WHERE id = ?", 0.6);
	query(r, "SELECT name FROM products WHERE id = ?", 1000 * per_request, 12, per_request);
	return r;
}

static struct run *n_plus_one(void) { return repeated(40); }
static struct run *once(void) { return repeated(1); }
static struct run *slow_query(void) { return repeated(1); }
static struct run *quick_query(void) { return painted(PART_DB, "SELECT 1", 0.04); }

/* Answers take 42 ms, of which the service sees two. */
static struct run *
in_pieces(double pieces)
{
	struct run *r = painted(PART_CPU, "render", 0.1);
	r->evidence.trace.pieces = pieces;
	r->host.generator_on_host = true;
	r->evidence.trace.routes[0].seconds = 0.002;
	r->evidence.phases[0].service.p50 = r->evidence.phases[0].service.mean = 0.042;
	return r;
}

static struct run *two_pieces(void) { return in_pieces(2); }
static struct run *one_piece(void) { return in_pieces(1); }

static struct run *
peer(double calls, double connects)
{
	struct run *r = downstream();
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->kind = "http";
	c->peer = "10.0.0.7:80";
	c->route = "/";
	c->calls = 1000 * calls;
	c->seconds = 18;
	c->per_request = calls;
	c->connects_per_request = connects;
	return r;
}

/* On an event loop the client library takes the time, not the waiting. */
static struct run *
peer_client_computes(void)
{
	struct run *r = peer(30, 0);
	r->evidence.trace.routes[0].parts[0].share = 0.02;
	part(r, PART_CPU, "offer", 0.6);
	function(r, "offer", "python", 0.1, true);
	function(r, "ClientSession._request", "python", 0.5, false)->file = "/usr/lib/python3/aiohttp/client.py";
	stack(r, "main;offer;ClientSession._request;connect", 0.9);
	stack(r, "main;offer", 0.1);
	return r;
}

static struct run *peer_many(void) { return peer(30, 0); }
static struct run *peer_once(void) { return peer(1, 0); }
static struct run *connects(void) { return peer(1, 1); }

/* A quick peer that is connected to for each request: the time is the kernel's. */
static struct run *
connecting(double per_request)
{
	struct run *r = memory_work("main;worker;draw_lines;entry_SYSCALL_64_after_hwframe;__x64_sys_connect", 0.6);
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->peer = "10.0.0.7:80";
	c->calls = 1000;
	c->per_request = 1;
	c->connects_per_request = per_request;
	return r;
}

/* Questions of two writes that take as long as an acknowledgement is put off, or longer. */
static struct run *
asked_in_pieces(double writes, double as_long_as_ack)
{
	struct run *r = painted(PART_NET, "10.0.0.7:80", 0.9);
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->peer = "10.0.0.7:80";
	c->calls = 1000;
	c->seconds = 42;
	c->per_request = 1;
	c->writes = writes;
	c->as_long_as_ack = as_long_as_ack;
	return r;
}

static struct run *asks_in_two(void) { return asked_in_pieces(2, 0.97); }
static struct run *asks_in_one(void) { return asked_in_pieces(1, 0.97); }
static struct run *asks_a_slow_one(void) { return asked_in_pieces(2, 0.3); }

static struct run *connects_always(void) { return connecting(1); }
static struct run *connects_at_times(void) { return connecting(0.01); }

/* The library does it, and its name says what. */
static struct run *
compresses(void)
{
	struct run *r = memory_work("main;worker;draw_lines;deflate;[libz.so.1+0x4970]", 0.9);
	function(r, "deflate", "native", 0, false)->module = "libz.so.1";
	return r;
}

/* All time is sleeping; so many of the calls failed, with 429, and were made again. */
static struct run *
failing(double errors, double limited, double repeated)
{
	struct run *r = painted(PART_SLEEP, NULL, 0.9);
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->kind = "http";
	c->peer = "10.0.0.7:80";
	c->calls = 3000;
	c->seconds = 2;
	c->per_request = 3;
	c->errors = errors;
	c->limited = limited;
	c->repeated = repeated;
	return r;
}

static struct run *too_many(void) { return failing(0.6, 0.6, 0.6); }
static struct run *allowed(void) { return failing(0, 0, 0); }
static struct run *tries_again(void) { return failing(0.6, 0.1, 0.6); }
static struct run *gives_up(void) { return failing(0.6, 0.1, 0); }

static struct run *
looks_up(double per_request)
{
	struct run *r = painted(PART_NET, "10.0.0.2:53", 0.6);
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->kind = "dns";
	c->peer = "10.0.0.2:53";
	c->calls = 1000 * per_request;
	c->seconds = 12;
	c->per_request = per_request;
	return r;
}

static struct run *
repeats(double same)
{
	struct run *r = painted(PART_DB, "SELECT price", 0.9);
	struct run_repeat *seen = RUN_ADD(r, repeat, r->evidence.repeats, r->evidence.n_repeats);
	seen->route = "/?id=*";
	seen->answers = 100;
	seen->same = same;
	seen->bytes = 800;
	struct run_phase *p = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
	p->name = "baseline";
	p->service.p50 = 0.004;
	return r;
}

static struct run *same_answer(void) { return repeats(1); }
static struct run *other_answers(void) { return repeats(0.5); }

static struct run *
same_but_cheap(void)
{
	struct run *r = repeats(1);
	r->evidence.phases[r->evidence.n_phases - 1].service.p50 = 60e-6;
	return r;
}

static struct run *
same_at_a_given_rate(void)
{
	struct run *r = repeats(1);
	r->capacity.knee_rate = NAN;
	return r;
}

static struct run *names_each(void) { return looks_up(2); }
static struct run *names_kept(void) { return looks_up(0.01); }

static struct run *
answers(double bytes, const char *encoding, double rows)
{
	struct run *r = painted(PART_NET, "client", 0.3);
	part(r, PART_DB, "SELECT * FROM products", 0.3);
	r->evidence.trace.routes[0].parts[2].share = 0.35;
	query(r, "SELECT * FROM products", 1000, 5, 1)->rows = rows;
	struct run_route *t = RUN_ADD(r, route, r->baseline.routes, r->baseline.n_routes);
	t->route = "/";
	t->body_bytes = bytes;
	t->content_type = "application/json";
	t->content_encoding = encoding;
	return r;
}

static struct run *large_plain(void) { return answers(200e3, NULL, 1); }
static struct run *large_gzip(void) { return answers(200e3, "gzip", 1); }
static struct run *whole_table(void) { return answers(200e3, NULL, 1000); }
static struct run *one_row(void) { return answers(200e3, NULL, 1); }

/* ---- key-value stores and pools ---- */

static struct run *
redis(const char *command, double per_request, double seconds, double bytes)
{
	struct run *r = painted(PART_CACHE, command, 0.6);
	struct run_query *q = query(r, command, 1000 * per_request, 1000 * per_request * seconds, per_request);
	q->engine = "redis";
	q->bytes = bytes;
	return r;
}

/* The client's own work for each command is most of the time. */
static struct run *
redis_client_computes(void)
{
	struct run *r = redis("GET ?", 40, 0.00002, 5);
	r->evidence.trace.routes[0].parts[0].share = 0.05;
	r->evidence.trace.routes[0].parts[1].share = 0.6;
	function(r, "handle", "python", 0.05, true);
	function(r, "Redis.get", "python", 0.5, false)->file = "/usr/lib/python3/dist-packages/redis/client.py";
	stack(r, "main;handle;Redis.get;encode", 0.9);
	stack(r, "main;handle", 0.1);
	return r;
}

static struct run *redis_many(void) { return redis("GET ?", 40, 0.0003, 5); }
static struct run *redis_once(void) { return redis("GET ?", 1, 0.0003, 5); }
static struct run *redis_keys(void) { return redis("KEYS ?", 1, 0.012, 500); }
static struct run *redis_value(void) { return redis("GET ?", 1, 0.012, 1e6); }

static struct run *
redis_pipeline(void)
{
	struct run *r = redis_many();
	r->evidence.trace.queries[0].at_once = 0.95;
	return r;
}

static struct run *
fetching(double bytes, const char *encoding)
{
	struct run *r = painted(PART_DB, "SELECT * FROM articles", 0.4);
	query(r, "SELECT * FROM articles", 1000, 8, 1)->bytes = bytes;
	r->evidence.trace.queries[0].engine = "postgresql";
	struct run_route *t = RUN_ADD(r, route, r->baseline.routes, r->baseline.n_routes);
	t->route = "/";
	t->body_bytes = 20e3;
	t->content_encoding = encoding;
	return r;
}

static struct run *fetches_wide(void) { return fetching(900e3, NULL); }
static struct run *fetches_what_it_shows(void) { return fetching(100e3, NULL); }
static struct run *fetches_and_packs(void) { return fetching(700e3, "gzip"); }

static struct run *
queued_for_pool(enum run_part_kind held_by, double seconds)
{
	struct run *r = service("node");
	part(r, PART_QUEUE, "connection pool 10.0.0.7:5432", 0.7);
	part(r, PART_DB, "SELECT price", 0.15);
	part(r, PART_CPU, "handle", 0.15);
	wait_for(r, PART_QUEUE, "connection pool 10.0.0.7:5432", 6);
	held(r, held_by, held_by == PART_DB ? "SELECT price" : "handle", 1);
	query(r, "SELECT price", 1000, 1000 * seconds, 1)->engine = "postgresql";
	return r;
}

static struct run *
updating(double released)
{
	struct run *r = painted(PART_DB, "UPDATE counters SET n = n + ?", 0.7);
	query(r, "UPDATE counters SET n = n + ?", 1000, 14, 1)->engine = "postgresql";
	r->evidence.trace.queries[0].released = released;
	return r;
}

static struct run *row_lock(void) { return updating(0.95); }
static struct run *slow_update(void) { return updating(0.03); }

static struct run *pool_small(void) { return queued_for_pool(PART_DB, 0.003); }
static struct run *pool_kept_by_loop(void) { return queued_for_pool(PART_CPU, 0.003); }
static struct run *pool_kept_by_statement(void) { return queued_for_pool(PART_DB, 0.05); }

static struct run *
pool_of_full_host(void)
{
	struct run *r = pool_small();
	r->evidence.series[0].mean = 0.97;
	return r;
}

/* The server uses so many cores of a host whose four are full. */
static struct run *
pool_before_server(double cores)
{
	struct run *r = pool_of_full_host();
	struct run_neighbour *n = RUN_ADD(r, neighbour, r->system.neighbours, r->system.n_neighbours);
	n->name = "postgres";
	n->cpu = cores;
	n->peer = true;
	return r;
}

static struct run *pool_beside_a_build(void) { return pool_before_server(0.06); }
static struct run *pool_of_full_server(void) { return pool_before_server(2.9); }

static struct run *
blocking(double blocked)
{
	struct run *r = loop(0.1, 0.001, "node");
	r->evidence.trace.threads[0].blocked = blocked;
	r->evidence.trace.waits[0].holder[0].kind = PART_DISK;
	r->evidence.trace.waits[0].holder[0].where = "read";
	return r;
}

static struct run *loop_reads(void) { return blocking(0.8); }

/* Half of the time others have the CPU that it wants. */
static struct run *
loop_reads_preempted(void)
{
	struct run *r = blocking(0.08);
	r->evidence.trace.threads[0].runqueue = 0.5;
	return r;
}

static struct run *loop_polls(void) { return blocking(0.01); }

/* Blocked at a socket whose peer is not seen: in receiving a datagram, or in sending to its clients. */
static struct run *
at_a_socket(const char *frames)
{
	struct run *r = blocking(0.8);
	r->evidence.trace.waits[0].holder[0].kind = PART_NET;
	r->evidence.trace.waits[0].holder[0].where = NULL;
	stack(r, frames, 5);
	r->evidence.trace.stacks[0].kind = "net";
	struct run_site *site = RUN_ADD(r, site, r->evidence.trace.sites, r->evidence.trace.n_sites);
	site->kind = PART_NET;
	site->function = "resolve";
	return r;
}

static struct run *loop_asks(void) { return at_a_socket("main;loop;resolve;recv"); }
static struct run *loop_sends(void) { return at_a_socket("main;loop;resolve;send"); }

static struct run *
growing(double slope, double later)
{
	struct run *r = painted(PART_OTHER, "nothing much", 0.3);
	struct run_series *s = series(r, "service_rss_bytes", 100e6);
	s->slope_per_s = slope;
	s->slope_low = 0.9 * slope;
	s->slope_high = 1.1 * slope;
	for (int i = 0; i < 20; i++)
		*ARENA_PUSH(r->arena, s->points, s->n_points) = 100e6
		    + slope * (i < 15 ? i : 15 + (i - 15) * later);
	return r;
}

/* A Node service whose four helpers are taken so much of the time; 20 requests are inside at a
 * time. */
static struct run *
pooled(double helped, double cpu, double utilisation)
{
	struct run *r = service("node");
	struct run_trace *t = &r->evidence.trace;
	struct run_thread *main_loop = thread(r, "node", 0.04);
	main_loop->loop = true;
	main_loop->longest_run = 0.011;
	for (int i = 0; i < 4; i++) {
		struct run_thread *h = thread(r, "node", cpu);
		h->helped = helped;
	}
	struct run_site *site = RUN_ADD(r, site, t->sites, t->n_sites);
	site->kind = PART_QUEUE;
	site->function = "hashPassword";
	site->file = "/app/login.js";
	site->line = 7;
	r->evidence.phases[0].throughput = 1000;
	r->baseline.cpu = 4 * utilisation;
	part(r, PART_CPU, "sha256_block", cpu);
	part(r, PART_SLEEP, NULL, 0.9 - cpu);
	part(r, PART_OTHER, "rest", 0.1);
	function(r, "sha256_block", "native", 0.9, false);
	stack(r, "_start;worker;sha256_block", 10);
	return r;
}

static struct run *pool_taken(void) { return pooled(0.98, 0.05, 0.2); }
static struct run *pool_free(void) { return pooled(0.5, 0.05, 0.2); }
static struct run *pool_computes(void) { return pooled(0.98, 0.85, 0.9); }
static struct run *pool_rests(void) { return pooled(0.2, 0.1, 0.2); }

static struct run *leak(void) { return growing(2e6, 1); }
static struct run *cache_fills(void) { return growing(2e6, 0.1); }

/* A job with two data workers: of each step it waits this share for what they do. */
static struct run *
trains(double waited, enum run_part_kind kind, const char *where)
{
	struct run *r = service("python");
	struct run_trace *t = &r->evidence.trace;
	r->evidence.n_phases = 0;
	r->spec.observe = true;
	r->baseline.throughput = 30;
	t->requests = 300;
	struct run_loader *l = RUN_ADD(r, loader, t->loaders, t->n_loaders);
	l->name = "python3";
	l->queue = "data loader of python3 (100)";
	l->workers = 2;
	l->waited = waited;
	l->busy = 2;
	l->seconds = 0.03;
	l->orders = 0;
	part(r, PART_QUEUE, l->queue, waited);
	part(r, PART_CPU, "train_step", 1 - waited);
	function(r, "decode_image", "python", 0.5, true);
	wait_for(r, PART_QUEUE, l->queue, 1);
	held(r, PART_RUNQUEUE, NULL, 0.3);
	held(r, kind, where, 0.7);
	return r;
}

static struct run *trains_late(void) { return trains(0.8, PART_CPU, "decode_image"); }
static struct run *trains_from_disk(void) { return trains(0.8, PART_DISK, "read samples"); }
static struct run *trains_in_time(void) { return trains(0.02, PART_CPU, "decode_image"); }

static const struct row {
	const char *kind;
	struct run *(*sick)(void), *(*healthy)(void);
	const char *where;
} rows[] = {
	{ "cpu.hot-function", hot_function, hot_but_idle, "score_cart" },
	{ "cpu.hot-function", hot_function, cold_cron, "score_cart" },
	{ "cpu.event-loop", node_blocked, node_calm, "main loop of node (pid 100)" },
	{ "cpu.event-loop", node_blocked, node_preempted, "main loop of node (pid 100)" },
	{ "cpu.event-loop", node_blocked, nginx_full, "main loop of node (pid 100)" },
	{ "cpu.single-thread", one_thread, two_threads, "thread worker (101)" },
	{ "cpu.single-thread", threads_in_turn, threads_at_once, "interpreter lock of pid 100" },
	{ "cpu.single-thread", turns_for_one, threads_at_once, "interpreter lock of pid 100 (held in parse)" },
	{ "cpu.single-thread", turns_on_a_full_host, host_full, "interpreter lock of pid 100" },
	{ "cpu.throttled", throttled, not_throttled, "CPU quota of 0.5 cores" },
	{ "cpu.throttled", throttled_above, missed_below_quota, "CPU quota of 0.5 cores" },
	{ "cpu.saturated", host_full, host_full_of_generator, "4 CPUs of the host" },
	{ "contention.lock", lock_convoy, lock_calm, "inventory_lock (held in buy_under_lock)" },
	{ "contention.lock", lock_convoy, pool_threads_idle, "inventory_lock (held in buy_under_lock)" },
	{ "contention.lock", spin_lock, computes, "score_cart" },
	{ "contention.stampede", stampede, rare_work, "score_cart" },
	{ "contention.stampede", stampede, work_of_all, "score_cart" },
	{ "contention.rate-limit", too_many, allowed, "10.0.0.7:80" },
	{ "io.net.retry", tries_again, gives_up, "10.0.0.7:80" },
	{ "io.net.retry", tries_again, too_many, "10.0.0.7:80" },
	{ "io.net.dns", names_each, names_kept, "10.0.0.2:53" },
	{ "io.net.connect", connects_always, connects_at_times, "10.0.0.7:80" },
	{ "cpu.hot-function", compresses, cold_cron, "draw_lines (deflate in libz.so.1)" },
	{ "contention.pool", small_pool, locked_connections, "10.0.0.7:80 (2 connections, pool)" },
	{ "cpu.contended-host", beside_a_build, beside_little, "make (3 processes)" },
	{ "cpu.contended-host", beside_a_build, beside_its_database, "make (3 processes)" },
	{ "contention.workers", workers_blocked, workers_compute, "workers of shop" },
	{ "contention.workers", channel_blocked, workers_compute, "channel in main.reserve" },
	{ "contention.workers", channel_of_four, channel_as_lock, "channel in main.reserve" },
	{ "contention.lock", channel_as_lock, channel_of_four, "channel in main.reserve" },
	{ "contention.workers", pool_taken, pool_free, "libuv thread pool (4 threads) in hashPassword" },
	{ "cpu.hot-function", pool_computes, pool_rests, "hashPassword" },
	{ "contention.db-lock", row_lock, slow_update, "UPDATE counters SET n = n + ?" },
	{ "io.db.slow-query", slow_update, row_lock, "UPDATE counters SET n = n + ?" },
	{ "contention.pool", pool_small, pool_kept_by_loop, "connection pool 10.0.0.7:5432" },
	{ "contention.pool", pool_small, pool_kept_by_statement, "connection pool 10.0.0.7:5432" },
	{ "contention.pool", pool_small, pool_of_full_host, "connection pool 10.0.0.7:5432" },
	{ "contention.pool", pool_beside_a_build, pool_of_full_server, "connection pool 10.0.0.7:5432" },
	{ "io.redis.n-plus-one", redis_many, redis_once, "GET ?" },
	{ "io.redis.n-plus-one", redis_many, redis_pipeline, "GET ?" },
	{ "io.redis.n-plus-one", redis_client_computes, redis_once, "GET ?" },
	{ "io.redis.slow-command", redis_keys, redis_many, "KEYS ?" },
	{ "io.redis.slow-command", redis_value, redis_once, "GET ?" },
	{ "io.db.over-fetch", fetches_wide, fetches_what_it_shows, "SELECT * FROM articles" },
	{ "io.db.over-fetch", fetches_wide, fetches_and_packs, "SELECT * FROM articles" },
	{ "io.db.slow-query", pool_kept_by_statement, pool_small, "SELECT price" },
	{ "io.disk.sync", syncs, syncs_little, "fdatasync" },
	{ "io.data-loading", trains_late, trains_in_time, "decode_image" },
	{ "io.data-loading", trains_from_disk, trains_in_time, "read samples" },
	{ "io.disk.read", reads, reads_little, "read" },
	{ "io.net.nagle", two_pieces, one_piece, "answers of shop" },
	{ "io.net.nagle", asks_in_two, asks_in_one, "10.0.0.7:80" },
	{ "io.net.nagle", asks_in_two, asks_a_slow_one, "10.0.0.7:80" },
	{ "io.net.downstream", downstream, slow_client, "10.0.0.7:80" },
	{ "io.net.downstream", asks_a_slow_one, asks_in_two, "10.0.0.7:80" },
	{ "io.db.missing-index", missing_index, small_table, "orders(customer_id): " SCAN },
	{ "io.db.n-plus-one", n_plus_one, once, "SELECT name FROM products WHERE id = ?" },
	{ "io.db.slow-query", slow_query, quick_query, "SELECT name FROM products WHERE id = ?" },
	{ "io.net.n-plus-one", peer_many, peer_once, "10.0.0.7:80" },
	{ "io.net.n-plus-one", peer_client_computes, peer_once, "10.0.0.7:80" },
	{ "io.net.uncompressed", large_plain, large_gzip, "/" },
	{ "io.net.payload", whole_table, one_row, "/" },
	{ "io.blocking-call", loop_reads, loop_polls, "read" },
	{ "io.blocking-call", loop_reads_preempted, loop_polls, "read" },
	{ "io.blocking-call", loop_asks, loop_sends, "a server that was not seen in resolve" },
	{ "memory.gc", collects, collects_little, "garbage collector of native" },
	{ "memory.gc", heap_churns, heap_rests, "garbage collector of node" },
	{ "memory.page-fault", faults, faults_little, "page faults" },
	{ "memory.page-fault", fresh_pages, few_fresh_pages, "draw_lines" },
	{ "memory.alloc", allocates, allocates_little, "draw_lines" },
	{ "memory.swap", swaps, swaps_not, "swap" },
	{ "memory.leak", leak, cache_fills, "memory of shop" },
};

static void
each_kind_is_named_first(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = rows[i].sick();
		diagnose(r);
		if (r->n_findings == 0)
			fail_msg("%s: nothing found; %s", rows[i].kind, r->headline);
		const struct run_finding *f = &r->findings[0];
		assert_string_equal(f->kind, rows[i].kind);
		assert_string_equal(f->where, rows[i].where);
		assert_string_equal(f->id, "F1");
		assert_true(f->confidence > 0.6 && f->confidence < 1);
		assert_true(f->n_evidence > 0 && f->summary && f->class != CLASS_NONE);
		assert_null(r->healthy);
		assert_non_null(strstr(r->headline, f->summary));
		run_free(r);
	}
}

static void
the_healthy_twin_is_not_accused(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = rows[i].healthy();
		diagnose(r);
		if (finding(r, rows[i].kind))
			fail_msg("%s: accused of %s", rows[i].kind, finding(r, rows[i].kind)->summary);
		assert_true(ruled_out(r, rows[i].kind));
		run_free(r);
	}
}

static void
connecting_each_time_is_told(void **state)
{
	struct run *r = connects(), *twin = peer_once();
	diagnose(r);
	diagnose(twin);
	assert_string_equal(r->findings[0].kind, "io.net.downstream");
	assert_non_null(finding(r, "io.net.connect"));
	assert_null(finding(twin, "io.net.connect"));
	run_free(r);
	run_free(twin);
}

/* Greeting, password and the server's new process are time with the database that no statement has. */
static void
a_login_a_request_is_the_connections(void **state)
{
	struct run *r = painted(PART_DB, "10.0.0.7:5432", 0.8);
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->kind = "postgresql";
	c->peer = "10.0.0.7:5432";
	c->route = "/";
	c->per_request = c->connects_per_request = 1;
	diagnose(r);
	const struct run_finding *f = finding(r, "io.net.connect");
	assert_non_null(f);
	CHECK_NEAR(f->share, 0.8, 0.01);
	run_free(r);
}

static void
every_detector_fires_or_says_why_not(void **state)
{
	struct run *healthy = service("native");
	part(healthy, PART_CPU, "many", 0.04);
	part(healthy, PART_OTHER, "rest", 0.96);
	diagnose(healthy);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = rows[i].sick();
		diagnose(r);
		for (size_t k = 0; k < healthy->n_ruled_out; k++)
			if (!finding(r, healthy->ruled_out[k].kind))
				assert_true(ruled_out(r, healthy->ruled_out[k].kind));
		run_free(r);
	}
	assert_int_equal(healthy->n_findings, 0);
	assert_true(healthy->n_ruled_out >= 20);
	assert_non_null(healthy->healthy);
	assert_int_equal(healthy->verdict, VERDICT_MET);
	run_free(healthy);
}

/* ---- charging ------------------------------------------------------------------------------ */

static double
sum_of(const struct run_time *t)
{
	double sum = 0;
	for (size_t i = 0; i < t->n_parts; i++)
		sum += t->parts[i].share;
	return sum;
}

static double
share_of(const struct run_time *t, enum run_part_kind kind)
{
	double sum = 0;
	for (size_t i = 0; i < t->n_parts; i++)
		if (t->parts[i].kind == kind)
			sum += t->parts[i].share;
	return sum;
}

static void
a_queue_is_what_its_holders_did(void **state)
{
	struct run *r = loop(0.9, 0.02, "node");
	diagnose(r);
	CHECK_NEAR(sum_of(&r->time[0]), 1, 1e-12);
	CHECK_NEAR(share_of(&r->time[0], PART_CPU), 0.9, 1e-12);
	CHECK_NEAR(share_of(&r->time[0], PART_QUEUE), 0, 0);
	run_free(r);
}

/* Workers that poll a peer's socket are blocked in something unknown: what requests block in. */
static void
an_unknown_holder_does_what_requests_do(void **state)
{
	struct run *r = service("python");
	part(r, PART_QUEUE, "socket queue", 0.9);
	part(r, PART_NET, "10.0.0.7:80", 0.08);
	part(r, PART_CPU, "f", 0.02);
	wait_for(r, PART_QUEUE, "socket queue", 16);
	held(r, PART_OTHER, NULL, 0.9);
	held(r, PART_CPU, "f", 0.1);
	diagnose(r);
	CHECK_NEAR(sum_of(&r->time[0]), 1, 1e-12);
	CHECK_NEAR(share_of(&r->time[0], PART_NET), 0.89, 1e-9);
	assert_string_equal(r->findings[0].kind, "io.net.downstream");
	assert_string_equal(r->findings[1].kind, "contention.workers");
	run_free(r);
}

static void
queues_behind_queues_end(void **state)
{
	struct run *r = service("native");
	part(r, PART_QUEUE, "a", 0.8);
	part(r, PART_CPU, "f", 0.2);
	wait_for(r, PART_QUEUE, "a", 1);
	held(r, PART_QUEUE, "b", 0.5);
	held(r, PART_DB, "q", 0.5);
	wait_for(r, PART_QUEUE, "b", 1);
	held(r, PART_QUEUE, "a", 1);
	diagnose(r);
	CHECK_NEAR(sum_of(&r->time[0]), 1, 1e-12);
	assert_true(share_of(&r->time[0], PART_DB) > 0.6);
	CHECK_NEAR(share_of(&r->time[0], PART_QUEUE), 0, 0);
	run_free(r);
}

static unsigned
next_random(unsigned *state)
{
	return *state = *state * 1103515245u + 12345u, *state >> 16;
}

static double
next_share(unsigned *state)
{
	static const double odd[] = { NAN, -1, 0, 1e9, INFINITY, 1e-300 };
	unsigned v = next_random(state);
	return v % 10 == 0 ? odd[v / 10 % 6] : (v % 1000) / 1500.0;
}

static void
charging_conserves_time_whatever_comes(void **state)
{
	static const char *const places[] = { "a", "b", NULL, "", "c" };
	unsigned seed = 7;

	for (int round = 0; round < 500; round++) {
		struct run *r = service("native");
		for (unsigned i = 0, n = next_random(&seed) % 12; i < n; i++)
			part(r, next_random(&seed) % PART_KINDS, places[next_random(&seed) % 5],
			    next_share(&seed));
		for (unsigned i = 0, n = next_random(&seed) % 5; i < n; i++) {
			wait_for(r, next_random(&seed) % 2 ? PART_QUEUE : PART_LOCK,
			    places[next_random(&seed) % 5], 2);
			for (unsigned k = 0, m = next_random(&seed) % 4; k < m; k++)
				held(r, next_random(&seed) % PART_KINDS, places[next_random(&seed) % 5],
				    next_share(&seed));
		}
		diagnose(r);
		CHECK_NEAR(sum_of(&r->time[0]), 1, 1e-9);
		CHECK_NEAR(share_of(&r->time[0], PART_QUEUE), 0, 0);
		for (size_t i = 0; i < r->n_findings; i++)
			assert_true(r->findings[i].share >= 0 && r->findings[i].share <= 1);
		run_free(r);
	}
}

static void
a_statement_behind_a_lock_is_the_statement(void **state)
{
	struct run *r = convoy(6, PART_DB);
	struct run_query *q = query(r, "SELECT 1", 1000, 4, 1);
	q->scan_table = "orders";
	q->scan_rows = 1e6;
	RUN_ADD_STR(r, q->index_columns, q->n_index_columns, "customer_id");
	r->evidence.trace.routes[0].parts[2].kind = PART_DB;
	r->evidence.trace.routes[0].parts[2].where = "SELECT 1";
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "io.db.missing-index");
	CHECK_NEAR(r->findings[0].share, 0.8, 1e-9);
	assert_string_equal(r->findings[1].kind, "contention.lock");
	run_free(r);
}

/* ---- order and folding --------------------------------------------------------------------- */

static void
a_quota_comes_before_the_function(void **state)
{
	struct run *r = throttled();
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "cpu.throttled");
	assert_string_equal(r->findings[1].kind, "cpu.hot-function");
	run_free(r);
}

static void
a_loop_and_its_function_are_one_finding(void **state)
{
	struct run *r = hot_function();
	struct run_thread *t = thread(r, "main", 0.95);
	t->loop = true;
	t->longest_run = 0.05;
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "cpu.event-loop");
	assert_string_equal(r->findings[0].where, "score_cart");
	assert_null(finding(r, "cpu.hot-function"));
	assert_true(ruled_out(r, "cpu.hot-function"));
	run_free(r);
}

static bool
says(const struct run_finding *f, const char *text)
{
	for (size_t i = 0; i < f->n_evidence; i++)
		if (strstr(f->evidence[i], text))
			return true;
	return false;
}

static void
what_the_engine_does_for_a_function_is_told(void **state)
{
	struct run *r = loop(0.95, 0.05, "node");
	part(r, PART_CPU, "render", 0.9);
	struct run_function *f = function(r, "render", "javascript", 0.9, true);
	f->file = "/app/page.js";
	f->line = 12;
	stack(r, "_start;emit;render;Builtins_CEntry_Return1;v8::internal::Builtin_JsonStringify;copy", 8);
	stack(r, "_start;emit;render;Builtins_RegExpPrototypeTest", 1);
	stack(r, "_start;emit;render", 1);
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "cpu.event-loop");
	assert_string_equal(r->findings[0].where, "render");
	assert_true(says(&r->findings[0], "render (/app/page.js:12): "));
	assert_true(says(&r->findings[0], "inside JsonStringify"));
	run_free(r);
}

/* What the workers do is the class, and is not told a second time; workers for a job are no queue. */
static void
a_loader_is_told_by_what_its_workers_do(void **state)
{
	struct run *computes = trains_late(), *reads = trains_from_disk();
	diagnose(computes);
	diagnose(reads);
	assert_int_equal(computes->findings[0].class, CLASS_CPU);
	assert_int_equal(reads->findings[0].class, CLASS_IO);
	assert_true(says(&computes->findings[0], "to keep up 10 workers are needed: they are at work 60"));
	assert_true(ruled_out(computes, "cpu.hot-function"));
	assert_true(ruled_out(reads, "io.disk.read"));
	assert_true(ruled_out(reads, "contention.workers"));
	assert_int_equal(reads->verdict, VERDICT_MET);
	run_free(computes);
	run_free(reads);
}

/* What is known of a place stands beside the kind. */
static void
places_are_told(void **state)
{
	struct run *r = loop_reads(), *gc = collects(), *pool = pool_taken();
	struct run_site *site = RUN_ADD(r, site, r->evidence.trace.sites, r->evidence.trace.n_sites);
	site->kind = PART_DISK;
	site->function = "loadTemplate";
	site->file = "/app/page.js";
	site->line = 31;
	struct run_gc *g = RUN_ADD(gc, gc, gc->evidence.trace.gc, gc->evidence.trace.n_gc);
	g->runtime = "node";
	g->collections = 40;
	g->seconds = 2;
	g->longest = 0.05;
	gc->evidence.trace.seconds = 10;
	gc->evidence.phases[0].latency.p99 = 0.1;
	diagnose(r);
	diagnose(gc);
	diagnose(pool);
	assert_string_equal(r->findings[0].where, "read in loadTemplate");
	assert_true(says(&r->findings[0], "called by loadTemplate (/app/page.js:31)"));
	assert_true(says(&gc->findings[0], "40 collections in 10"));
	assert_true(says(&gc->findings[0], "alone is 50 % of the p99"));
	assert_true(says(&pool->findings[0], "by hashPassword (/app/login.js:7)"));
	assert_true(ruled_out(pool, "cpu.event-loop"));
	run_free(r);
	run_free(gc);
	run_free(pool);
}

static void
an_index_comes_before_batching(void **state)
{
	struct run *r = missing_index();
	r->evidence.trace.queries[0].per_request = r->evidence.trace.queries[0].most_per_request = 20;
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "io.db.missing-index");
	assert_string_equal(r->findings[1].kind, "io.db.n-plus-one");
	run_free(r);
}

static void
what_blocks_the_workers_comes_before_the_workers(void **state)
{
	struct run *r = workers(PART_NET);
	r->evidence.trace.routes[0].parts[1].where = "10.0.0.7:80";
	r->evidence.trace.waits[0].holder[0].where = "10.0.0.7:80";
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "io.net.downstream");
	CHECK_NEAR(r->findings[0].share, 1, 1e-9);
	assert_string_equal(r->findings[1].kind, "contention.workers");
	run_free(r);
}

static void
a_leak_is_told_after_the_limit(void **state)
{
	struct run *r = growing(2e6, 1);
	r->evidence.trace.routes[0].parts[0].kind = PART_DISK;
	r->evidence.trace.routes[0].parts[0].where = "fsync";
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "io.disk.sync");
	assert_string_equal(r->findings[1].kind, "memory.leak");
	run_free(r);
}

/* A Java machine takes what it may have: only what its collections leave tells of a leak. */
static void
a_java_heap_that_fills_is_no_leak(void **state)
{
	static const struct { double kept; bool leak; } cases[] = { { NAN, false }, { 2e5, false }, { 1.5e6, true } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run *r = growing(2e6, 1);
		r->system.processes[0].runtime = "java";
		struct run_gc *gc = RUN_ADD(r, gc, r->evidence.trace.gc, r->evidence.trace.n_gc);
		gc->runtime = "java";
		gc->kept_per_s = cases[i].kept;
		diagnose(r);
		bool told = false;
		for (size_t k = 0; k < r->n_findings; k++)
			told |= !strcmp(r->findings[k].kind, "memory.leak");
		assert_int_equal(told, cases[i].leak);
		run_free(r);
	}
}

/* Requests are late at workers that are free: more workers would not help. */
static void
free_workers_are_not_too_few(void **state)
{
	for (int idle = 0; idle < 2; idle++) {
		struct run *r = service("java");
		part(r, PART_QUEUE, "socket queue", 0.6);
		part(r, PART_SLEEP, NULL, 0.4);
		wait_for(r, PART_QUEUE, "socket queue", 2);
		held(r, idle ? PART_OTHER : PART_SLEEP, idle ? "waiting for a request" : NULL, 0.7);
		held(r, PART_RUNQUEUE, NULL, 0.3);
		diagnose(r);
		bool told = false;
		for (size_t k = 0; k < r->n_findings; k++)
			told |= !strcmp(r->findings[k].kind, "contention.workers");
		assert_int_equal(told, !idle);
		run_free(r);
	}
}

/* Growth per request halves from the search to the measurement: workers fill their caches. */
static void
filling_caches_are_no_leak(void **state)
{
	struct run *r = leak(), *twin = leak();
	struct run *runs[] = { r, twin };
	for (int i = 0; i < 2; i++) {
		struct run_phase *trace = &runs[i]->evidence.phases[0];
		trace->started = 10;
		trace->seconds = 10;
		struct run_phase knee = *trace;
		knee.name = "knee-1";
		knee.started = 0;
		knee.answered = i ? 1000 : 300;   /* as much growth by fewer requests */
		struct run_phase *p = RUN_ADD(runs[i], phase, runs[i]->evidence.phases,
		    runs[i]->evidence.n_phases);
		*p = runs[i]->evidence.phases[0];
		runs[i]->evidence.phases[0] = knee;
		diagnose(runs[i]);
	}
	assert_null(finding(r, "memory.leak"));
	assert_true(ruled_out(r, "memory.leak"));
	assert_non_null(finding(twin, "memory.leak"));
	run_free(r);
	run_free(twin);
}

static void
weak_evidence_makes_a_hypothesis(void **state)
{
	struct run *r = syncs();
	r->evidence.trace.routes[0].requests = r->evidence.trace.requests = 12;
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "io.disk.sync");
	assert_true(r->findings[0].confidence < 0.6);
	assert_true(r->findings[0].n_against > 0);
	run_free(r);
}

static void
slow_requests_decide_when_they_are_told_apart(void **state)
{
	struct run *r = syncs_little();
	struct run_time *slow = RUN_ADD(r, time, r->evidence.trace.routes, r->evidence.trace.n_routes);
	slow->route = "/";
	slow->scope = "slow";
	slow->requests = 60;
	slow->seconds = 0.2;
	add_part(r, &slow->parts, &slow->n_parts, PART_DISK, "fsync", 0.9);
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "io.disk.sync");
	CHECK_NEAR(r->findings[0].share, 0.9, 1e-9);
	run_free(r);
}

/* Neighbours have most of the host; what the service gets goes into one function. */
static void
a_starved_service_still_names_its_function(void **state)
{
	struct run *r = hot(0.004, 0.1), *twin = painted(PART_RUNQUEUE, NULL, 0.9);
	part(r, PART_RUNQUEUE, NULL, 0.945);
	r->evidence.trace.routes[0].parts[2].share = 0.001;
	r->evidence.trace.routes[0].parts[3].share = 0.05;
	for (int i = 0; i < 8; i++)
		thread(r, "worker", 0.02)->runqueue = 0.9;
	series(twin, "host_other_cpu_cores", 3.5);
	diagnose(r);
	diagnose(twin);
	assert_string_equal(r->findings[0].where, "score_cart");
	assert_true(r->findings[0].share > 0.7);
	assert_int_equal(twin->verdict, VERDICT_INCONCLUSIVE);
	assert_null(twin->healthy);
	run_free(r);
	run_free(twin);
}

/* A proxy at its limit: most time under its functions is the kernel's. */
static void
the_kernels_work_is_no_hot_function(void **state)
{
	struct run *r = service("native");
	r->baseline.cpu = 3.8;
	part(r, PART_CPU, "send_file", 0.7);
	part(r, PART_CPU, "parse", 0.2);
	function(r, "send_file", "native", 0.7, true)->total = 0.9;
	function(r, "parse", "native", 0.1, true);
	function(r, "tcp_sendmsg", "kernel", 0.6, false);
	stack(r, "main;loop;handle;send_file;writev;entry_SYSCALL_64_after_hwframe;do_syscall_64;"
	    "tcp_sendmsg", 9);
	stack(r, "main;loop;handle;send_file", 1);
	stack(r, "main;loop;handle;parse", 1);
	stack(r, "main;loop;handle;parse;asm_exc_page_fault;do_user_addr_fault", 1);
	diagnose(r);
	assert_null(finding(r, "cpu.hot-function"));
	assert_true(ruled_out(r, "cpu.hot-function"));
	run_free(r);
}

static void
preparing_statements_is_the_databases_work(void **state)
{
	struct run *r = repeated(40);
	r->baseline.cpu = 3.8;
	part(r, PART_CPU, "query", 0.35);
	r->evidence.trace.routes[0].parts[2].share = 0;
	function(r, "query", "native", 0.5, true);
	stack(r, "main;cart;query;sqlite3_prepare_v2;yyparse", 1);
	diagnose(r);
	assert_null(finding(r, "cpu.hot-function"));
	CHECK_NEAR(finding(r, "io.db.n-plus-one")->share, 0.95 * 39 / 40, 1e-9);
	run_free(r);
}

static void
samples_alone_name_the_function(void **state)
{
	struct run *r = hot_function();
	r->evidence.trace.mode = "perf";
	r->evidence.trace.n_routes = 0;
	r->evidence.trace.requests = 0;
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "cpu.hot-function");
	assert_string_equal(r->findings[0].where, "score_cart");
	assert_int_equal(r->findings[0].source, SOURCE_ESTIMATED);
	run_free(r);
}

static void
what_was_not_seen_is_not_judged(void **state)
{
	struct run *r = syncs();
	r->evidence.trace = (struct run_trace){ .mode = "none" };
	r->baseline.cpu_per_request = NAN;
	diagnose(r);
	assert_int_equal(r->n_findings, 0);
	assert_int_equal(r->verdict, VERDICT_INCONCLUSIVE);
	assert_null(r->healthy);
	for (size_t i = 0; i < r->n_ruled_out; i++)
		if (strcmp(r->ruled_out[i].kind, "io.disk.sync") == 0)
			assert_memory_equal(r->ruled_out[i].why, "not judged", 10);
	run_free(r);
}

/* ---- verdicts ------------------------------------------------------------------------------ */

static void
targets_are_judged(void **state)
{
	static const struct {
		const char *metric, *op;
		double limit, at_rate;
		enum run_verdict verdict;
		double gap;
	} cases[] = {
		{ "latency_p99", "<", 0.05, 0, VERDICT_MISSED, 1.6 },
		{ "latency_p99", "<", 0.16, 0, VERDICT_MET, 0.5 },
		{ "latency_p99", "<", 0.16, 850, VERDICT_MET, 0.5 },
		{ "latency_p99", "<", 0.5, 2000, VERDICT_MISSED, 2 },
		{ "rate", ">", 2000, 0, VERDICT_MISSED, 2 },
		{ "rate", ">", 500, 0, VERDICT_MET, 0.5 },
		{ "errors", "<", 0.001, 0, VERDICT_MET, 0 },
		{ "availability", ">", 0.999, 0, VERDICT_MET, 0.999 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run *r = missing_index();
		target(r, cases[i].metric, cases[i].op, cases[i].limit, cases[i].at_rate);
		diagnose(r);
		assert_int_equal(r->verdict, cases[i].verdict);
		CHECK_NEAR(r->targets[0].gap, cases[i].gap, 1e-9);
		assert_int_equal(r->targets[0].met, cases[i].verdict == VERDICT_MET);
		run_free(r);
	}
}

static void
a_price_is_not_judged(void **state)
{
	struct run *r = missing_index();
	target(r, "cost", "<", 400, 0);
	diagnose(r);
	assert_true(isnan(r->targets[0].value));
	assert_int_equal(r->verdict, VERDICT_MET);
	run_free(r);
}

static void
too_close_is_inconclusive(void **state)
{
	struct run *r = missing_index();
	struct run_phase *p = &r->evidence.phases[0];
	target(r, "latency_p99", "<", 0.081, 0);
	for (int i = 0; i < 10; i++)
		*ARENA_PUSH(r->arena, p->latency_by_second, p->n_latency_by_second) = i % 2 ? 0.06 : 0.1;
	diagnose(r);
	assert_int_equal(r->verdict, VERDICT_INCONCLUSIVE);
	run_free(r);
}

static void
refuses(struct run *r, enum run_verdict verdict)
{
	diagnose(r);
	assert_int_equal(r->verdict, verdict);
	assert_int_equal(r->n_findings, 0);
	assert_true(r->n_ruled_out >= 20);
	assert_non_null(r->headline);
	assert_null(r->healthy);
	run_free(r);
}

static void
no_conclusion_without_a_measurement(void **state)
{
	struct run *r = missing_index();
	r->evidence.phases[0].generator_limited = true;
	refuses(r, VERDICT_GENERATOR_LIMITED);

	r = missing_index();
	r->capacity.at_least = true;
	r->capacity.stopped_by = "generator";
	target(r, "rate", ">", 5000, 0);
	refuses(r, VERDICT_GENERATOR_LIMITED);

	r = missing_index();
	r->error = "the service died";
	refuses(r, VERDICT_ERROR);

	r = missing_index();
	r->evidence.phases[0].answered = 12;
	refuses(r, VERDICT_INCONCLUSIVE);

	r = missing_index();
	r->baseline.error_rate = 0.9;
	refuses(r, VERDICT_INCONCLUSIVE);

	r = missing_index();
	r->capacity.stopped_by = "interrupted";
	refuses(r, VERDICT_INCONCLUSIVE);

	r = missing_index();
	r->evidence.trace.dropped = 100000;
	refuses(r, VERDICT_INCONCLUSIVE);

	r = missing_index();
	r->capacity.knee_rate = NAN;
	r->baseline.throughput = r->baseline.rate = 0.5;
	r->baseline.cpu = 0.001;
	refuses(r, VERDICT_IDLE);

	refuses(run_new(), VERDICT_INCONCLUSIVE);
}

static void
time_in_front_of_the_service_is_not_its_fault(void **state)
{
	struct run *r = missing_index();
	r->evidence.phases[0].service.mean = 0.5;
	diagnose(r);
	assert_int_equal(r->n_findings, 0);
	assert_int_equal(r->verdict, VERDICT_INCONCLUSIVE);
	run_free(r);
}

static void
a_proxy_that_outruns_the_generator_is_healthy(void **state)
{
	struct run *r = nginx_full();
	r->capacity.at_least = true;
	r->capacity.stopped_by = "generator";
	diagnose(r);
	assert_int_equal(r->n_findings, 0);
	assert_int_equal(r->verdict, VERDICT_MET);
	assert_non_null(r->healthy);
	run_free(r);
}

static void
met_with_ease_is_left_alone(void **state)
{
	struct run *r = painted(PART_DISK, "fsync", 0.2);
	target(r, "latency_p99", "<", 0.5, 0);
	diagnose(r);
	assert_int_equal(r->n_findings, 0);
	assert_int_equal(r->verdict, VERDICT_MET);
	assert_non_null(r->healthy);
	run_free(r);
}

/* A record that was damaged or made by somebody else: figures out of range, parts missing. */
static void
damage(json_t *j, unsigned *seed)
{
	const char *key;
	json_t *value;
	void *next;
	size_t i;

	json_object_foreach_safe(j, next, key, value) {
		unsigned v = next_random(seed) % 60;
		if (v == 0)
			json_object_del(j, key);
		else if (json_is_string(value) && v < 3)
			json_string_set(value, "");
		else if (json_is_real(value) && v < 6)
			json_real_set(value, v == 3 ? -1e300 : v == 4 ? 1e300 : 0);
		else if (json_is_integer(value) && v < 6)
			json_integer_set(value, v == 3 ? INT64_MIN : v == 4 ? INT64_MAX : 0);
		else
			damage(value, seed);
	}
	json_array_foreach(j, i, value)
		damage(value, seed);
}

static void
a_damaged_record_does_no_harm(void **state)
{
	unsigned seed = 11;

	for (int round = 0; round < 400; round++) {
		struct run *r = rows[round % (sizeof(rows) / sizeof(rows[0]))].sick(), *again;
		struct err e = { 0 };
		target(r, "latency_p99", "<", 0.05, round % 2 ? 2000 : 0);
		diagnose(r);
		json_t *j = run_to_json(r);
		damage(j, &seed);
		if (run_from_json(j, &again, &e) == 0) {
			diagnose(again);
			for (size_t i = 0; i < again->n_findings; i++)
				assert_true(again->findings[i].share >= 0 && again->findings[i].share <= 1);
			assert_non_null(again->headline);
			run_free(again);
		}
		json_decref(j);
		run_free(r);
	}
}

/* ---- replay and pages ---------------------------------------------------------------------- */

static void
replay_gives_the_same(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = rows[i].sick(), *again;
		struct err e = { 0 };
		diagnose(r);
		json_t *first = run_to_json(r);
		diagnose(r);
		json_t *second = run_to_json(r);
		assert_true(json_equal(first, second));
		assert_int_equal(run_from_json(first, &again, &e), 0);
		diagnose(again);
		json_t *third = run_to_json(again);
		assert_true(json_equal(first, third));
		json_decref(first);
		json_decref(second);
		json_decref(third);
		run_free(r);
		run_free(again);
	}
}

/* The path as a text: a question a line, with the answer that was taken. */
static char *
path_text(const struct run *r)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < r->n_forks; i++)
		for (size_t k = 0, taken = 0; k < r->forks[i].n_branches; k++) {
			const struct run_branch *branch = &r->forks[i].branches[k];
			taken += branch->took;
			assert_true(taken <= 1);
			if (branch->took)
				buf_printf(&b, "%s %s (%s)\n", r->forks[i].question, branch->answer,
				    branch->figure ? branch->figure : "-");
		}
	return b.data;
}

static void
each_class_has_its_path(void **state)
{
	static const struct { struct run *(*sick)(void); double p99; const char *path; } paths[] = {
		{ missing_index, 0.05,
		    "Do the data allow a conclusion? yes (1000 requests answered)\n"
		    "What is to be explained? latency (p99 80.0 ms, target 50.0 ms, missed)\n"
		    "Where does the time of the requests go? database (71 %)\n"
		    "What takes most of it? SELECT * FROM orders WHERE customer_id = ? (71 %)\n"
		    "What is the defect? io.db.missing-index (orders(customer_id): SELECT * FROM "
		    "orders WHERE customer...: 71 % of the time, confidence 97 %)\n" },
		{ hot_function, 0.05,
		    "Do the data allow a conclusion? yes (1000 requests answered)\n"
		    "What is to be explained? latency (p99 80.0 ms, target 50.0 ms, missed)\n"
		    "Where does the time of the requests go? compute (76 %)\n"
		    "What takes most of it? memcpy (36 %)\n"
		    "What is the defect? cpu.hot-function (score_cart: 71 % of the time, "
		    "confidence 95 %)\n" },
		{ collects, 0,
		    "Do the data allow a conclusion? yes (1000 requests answered)\n"
		    "No target was given: what is to be explained? throughput (holds 1.00k/s)\n"
		    "What do the requests use? waiting idly (55 %)\n"
		    "What takes most of it? other rest (55 %)\n"
		    "Is that what limits? no (garbage collector of native explains 40 % of the "
		    "time, confidence 85 %)\n"
		    "What is the defect? memory.gc (garbage collector of native: 40 % of the time, "
		    "confidence 85 %)\n" },
		{ lock_convoy, 0,
		    "Do the data allow a conclusion? yes (1000 requests answered)\n"
		    "No target was given: what is to be explained? throughput (holds 1.00k/s)\n"
		    "What do the requests use? contention (60 %)\n"
		    "What takes most of it? lock inventory_lock (60 %)\n"
		    "What is the defect? contention.lock (inventory_lock (held in buy_under_lock): "
		    "60 % of the time, confidence 93 %)\n" },
		{ throttled, 0.05,
		    "Do the data allow a conclusion? yes (1000 requests answered)\n"
		    "What is to be explained? latency (p99 80.0 ms, target 50.0 ms, missed)\n"
		    "Where does the time of the requests go? compute (76 %)\n"
		    "What takes most of it? memcpy (36 %)\n"
		    "What is the defect? cpu.throttled (CPU quota of 0.5 cores: 55 % of the time, "
		    "confidence 97 %)\n" },
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct run *r = paths[i].sick();
		if (paths[i].p99 > 0)
			target(r, "latency_p99", "<", paths[i].p99, 0);
		diagnose(r);
		char *text = path_text(r);
		assert_string_equal(text, paths[i].path);
		free(text);
		run_free(r);
	}
}

static void
a_refusal_is_the_whole_path(void **state)
{
	struct run *r = missing_index();
	r->evidence.phases[0].answered = 3;
	diagnose(r);
	assert_int_equal(r->n_forks, 1);
	char *text = path_text(r);
	assert_string_equal(text, "Do the data allow a conclusion? no (only 3 requests were answered; "
	    "measure longer or with more load)\n");
	free(text);
	run_free(r);
}

/* Statements are their database's, whoever else shares its kind of time. */
static void
the_map_adds_up_by_peer(void **state)
{
	struct run *r = service("python");
	struct run_trace *t = &r->evidence.trace;
	part(r, PART_DB, "SELECT a", 0.3);
	part(r, PART_DB, "SELECT b", 0.2);
	part(r, PART_CACHE, "127.0.0.1:6379", 0.1);
	part(r, PART_NET, "client", 0.1);
	part(r, PART_DISK, "sync log", 0.05);
	part(r, PART_NET, "10.0.0.9:80", 0.001);
	part(r, PART_CPU, "handle", 0.249);
	query(r, "SELECT a", 2000, 6, 2)->engine = "postgresql";
	query(r, "SELECT b", 500, 4, 0.5)->engine = "postgresql";
	t->queries[0].database = t->queries[1].database = "10.0.0.2:5432/shop";
	struct run_call *call = RUN_ADD(r, call, t->calls, t->n_calls);
	call->kind = "redis";
	call->peer = "127.0.0.1:6379";
	call->calls = 3000;
	diagnose(r);
	assert_int_equal(r->n_links, 3);
	static const struct { const char *kind, *peer; double share, seconds, calls; } want[] = {
		{ "postgresql", "10.0.0.2:5432", 0.5, 0.01, 2.5 },
		{ "redis", "127.0.0.1:6379", 0.1, 0.002, 3 }, { "disk", NULL, 0.05, 0.001, NAN },
	};
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(r->links[i].kind, want[i].kind);
		assert_true(!want[i].peer == !r->links[i].peer);
		if (want[i].peer)
			assert_string_equal(r->links[i].peer, want[i].peer);
		CHECK_NEAR(r->links[i].share, want[i].share, 1e-9);
		CHECK_NEAR(r->links[i].seconds, want[i].seconds, 1e-9);
		assert_true(isnan(want[i].calls) == isnan(r->links[i].calls));
		if (!isnan(want[i].calls))
			CHECK_NEAR(r->links[i].calls, want[i].calls, 1e-9);
	}
	run_free(r);
}

static void
memory_says_when_it_is_full(void **state)
{
	struct run *r = leak(), *calm = cache_fills();
	struct run_series *s = &calm->evidence.series[calm->evidence.n_series - 1];
	s->slope_low = -1;
	diagnose(r);
	diagnose(calm);
	const struct run_memory *m = &r->memory;
	CHECK_NEAR(m->full_in.value, (m->limit_bytes - m->rss_bytes) / m->growth.value, 1e-6);
	assert_true(m->full_in.low <= m->full_in.value && m->full_in.value <= m->full_in.high);
	assert_true(isnan(calm->memory.full_in.value));
	run_free(r);
	run_free(calm);
}

/* Few requests, seen badly: the limit is named, but as what it is. */
static void
little_evidence_makes_a_hypothesis(void **state)
{
	struct run *r = missing_index();
	r->evidence.trace.mode = "perf";
	r->evidence.trace.requests = r->evidence.trace.routes[0].requests = 20;
	target(r, "latency_p99", "<", 0.05, 0);
	diagnose(r);
	assert_true(r->findings[0].confidence < HYPOTHESIS);
	assert_non_null(strstr(r->headline, "; hypothesis: "));
	char *text = path_text(r);
	assert_non_null(strstr(text, ", a hypothesis, "));
	assert_null(strstr(text, "confidence"));
	free(text);
	run_free(r);
}

/* One statement keeps them: more workers would wait for it too. */
static struct run *
workers_at_a_statement(void)
{
	return workers(PART_DB);
}

static double
confidence_in_workers(struct run *(*make)(void))
{
	struct run *r = make();
	double confidence = NAN;

	diagnose(r);
	for (size_t i = 0; i < r->n_findings; i++)
		if (strcmp(r->findings[i].kind, "contention.workers") == 0)
			confidence = r->findings[i].confidence;
	run_free(r);
	return confidence;
}

static void
workers_that_wait_for_one_thing_are_less_surely_too_few(void **state)
{
	double blocked = confidence_in_workers(workers_blocked);

	assert_true(blocked > 0);
	CHECK_NEAR(confidence_in_workers(workers_at_a_statement), blocked * 0.7 / 0.9, 1e-9);
}

/* Why an answer is dear comes before that it need not be made. */
static void
an_answer_that_could_be_kept_comes_last(void **state)
{
	static struct run *(*const makers[])(void) = {
		same_answer, other_answers, same_but_cheap, same_at_a_given_rate };

	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		struct run *r = makers[i]();
		diagnose(r);
		const struct run_finding *last = &r->findings[r->n_findings - 1];
		assert_true(r->n_findings >= 1 && strcmp(r->findings[0].kind, "io.no-cache") != 0);
		assert_int_equal(strcmp(last->kind, "io.no-cache") == 0, i == 0);
		assert_true(i > 0 || (last->confidence < HYPOTHESIS && strcmp(last->where, "/?id=*") == 0));
		run_free(r);
	}
}

static void
a_finding_says_where_its_source_is(void **state)
{
	struct run *r = hot_function();
	r->evidence.trace.functions[0].file = "src/cart.c";
	r->evidence.trace.functions[0].line = 88;
	diagnose(r);
	assert_string_equal(r->findings[0].file, "src/cart.c");
	assert_int_equal(r->findings[0].line, 88);
	assert_string_equal(r->findings[0].basis, "attributed");
	run_free(r);
}

static void
every_kind_has_a_page_of_80_columns(void **state)
{
	const char *const *kinds = diagnose_kinds();
	size_t n = 0;

	for (; kinds[n]; n++) {
		const char *page = diagnose_explain(kinds[n]);
		assert_non_null(page);
		assert_memory_equal(page, kinds[n], strlen(kinds[n]));
		assert_true(n == 0 || strcmp(kinds[n - 1], kinds[n]) < 0);
		for (const char *line = page, *end; (end = strchr(line, '\n')); line = end + 1)
			assert_true(end - line <= 80);
	}
	assert_int_equal(n, 36);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_non_null(diagnose_explain(rows[i].kind));
	assert_null(diagnose_explain("cpu.nonsense"));
	assert_null(diagnose_explain(NULL));
}

RUN_TESTS(
	cmocka_unit_test(each_kind_is_named_first),
	cmocka_unit_test(the_healthy_twin_is_not_accused),
	cmocka_unit_test(connecting_each_time_is_told),
	cmocka_unit_test(a_login_a_request_is_the_connections),
	cmocka_unit_test(every_detector_fires_or_says_why_not),
	cmocka_unit_test(a_queue_is_what_its_holders_did),
	cmocka_unit_test(an_unknown_holder_does_what_requests_do),
	cmocka_unit_test(queues_behind_queues_end),
	cmocka_unit_test(charging_conserves_time_whatever_comes),
	cmocka_unit_test(a_statement_behind_a_lock_is_the_statement),
	cmocka_unit_test(a_quota_comes_before_the_function),
	cmocka_unit_test(a_loop_and_its_function_are_one_finding),
	cmocka_unit_test(a_loader_is_told_by_what_its_workers_do),
    cmocka_unit_test(places_are_told),
	cmocka_unit_test(what_the_engine_does_for_a_function_is_told),
	cmocka_unit_test(an_index_comes_before_batching),
	cmocka_unit_test(what_blocks_the_workers_comes_before_the_workers),
	cmocka_unit_test(a_leak_is_told_after_the_limit),
	cmocka_unit_test(filling_caches_are_no_leak),
	cmocka_unit_test(a_java_heap_that_fills_is_no_leak),
	cmocka_unit_test(free_workers_are_not_too_few),
	cmocka_unit_test(weak_evidence_makes_a_hypothesis),
	cmocka_unit_test(slow_requests_decide_when_they_are_told_apart),
	cmocka_unit_test(a_starved_service_still_names_its_function),
	cmocka_unit_test(the_kernels_work_is_no_hot_function),
	cmocka_unit_test(preparing_statements_is_the_databases_work),
	cmocka_unit_test(samples_alone_name_the_function),
	cmocka_unit_test(what_was_not_seen_is_not_judged),
	cmocka_unit_test(targets_are_judged),
	cmocka_unit_test(a_price_is_not_judged),
	cmocka_unit_test(too_close_is_inconclusive),
	cmocka_unit_test(no_conclusion_without_a_measurement),
	cmocka_unit_test(time_in_front_of_the_service_is_not_its_fault),
	cmocka_unit_test(a_proxy_that_outruns_the_generator_is_healthy),
	cmocka_unit_test(met_with_ease_is_left_alone),
	cmocka_unit_test(a_damaged_record_does_no_harm),
	cmocka_unit_test(replay_gives_the_same),
	cmocka_unit_test(each_class_has_its_path),
	cmocka_unit_test(a_refusal_is_the_whole_path),
	cmocka_unit_test(the_map_adds_up_by_peer),
	cmocka_unit_test(memory_says_when_it_is_full),
	cmocka_unit_test(little_evidence_makes_a_hypothesis),
	cmocka_unit_test(workers_that_wait_for_one_thing_are_less_surely_too_few),
	cmocka_unit_test(an_answer_that_could_be_kept_comes_last),
	cmocka_unit_test(a_finding_says_where_its_source_is),
	cmocka_unit_test(every_kind_has_a_page_of_80_columns))

/* SPDX-License-Identifier: MIT */
#include "sample_run.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define ADD_NUMBER(r, items, n, v) (*ARENA_PUSH((r)->arena, items, n) = (v))

/* ---- evidence ------------------------------------------------------------------------------ */

static void
add_curve(struct run *r)
{
	static const struct { double rate, throughput, p50, p99, cpu; } rows[] = {
		{ 500, 500, 0.0041, 0.018, 0.21 }, { 1000, 1000, 0.0043, 0.024, 0.44 },
		{ 2000, 2000, 0.0052, 0.051, 0.87 }, { 2400, 2398, 0.0071, 0.120, 1.02 },
		{ 2600, 2596, 0.0102, 0.390, 1.11 }, { 2800, 2741, 0.031, 0.920, 1.18 },
		{ 3200, 2790, 0.410, 1.840, 1.21 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run_point *p = RUN_ADD(r, point, r->capacity.curve, r->capacity.n_curve);
		p->rate = rows[i].rate;
		p->throughput = rows[i].throughput;
		p->p50 = rows[i].p50;
		p->p99 = rows[i].p99;
		p->cpu = rows[i].cpu;
		p->error_rate = i > 5 ? 0.002 : 0;
		p->sustained = rows[i].p99 < 0.5;
	}
	r->capacity.knee_rate = 2600;
	r->capacity.max_rate = 2790;
	r->capacity.stopped_by = "latency";
}

/* The law of 120 n / (1 + 0.02 (n - 1) + 0.0004 n (n - 1)), as fitted to the curve. */
static void
add_model(struct run *r)
{
	struct run_usl *u = &r->capacity.usl;

	for (size_t i = 0; i < r->capacity.n_curve; i++) {
		struct run_point *p = &r->capacity.curve[i];
		double n = p->concurrency = p->throughput * p->p50;
		p->modelled = 120 * n / (1 + 0.02 * (n - 1) + 0.0004 * n * (n - 1));
	}
	u->lambda = 120;
	u->sigma = 0.02;
	u->kappa = 0.0004;
	u->sigma_low = 0.012;
	u->sigma_high = 0.028;
	u->kappa_low = 0.0003;
	u->kappa_high = 0.0005;
	u->peak = (struct run_num){ 49.5, 45, 54, SOURCE_MODELLED };
	u->peak_throughput = (struct run_num){ 2040, 1990, 2090, SOURCE_MODELLED };
	u->r2 = 0.97;
	u->n_min = 2;
	u->n_max = 80;
	u->points = 7;
	u->src = SOURCE_MODELLED;
}

static void
add_phase(struct run *r, const char *name, double rate, double seconds, int64_t lost)
{
	struct run_phase *p = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);

	p->name = name;
	p->rate = rate;
	p->seconds = seconds;
	p->scheduled = (int64_t)(rate * seconds);
	p->unsent = 0;
	p->sent = p->scheduled;
	p->timeouts = lost;
	p->errors = p->error_status = lost * 2;
	p->answered = p->sent - p->timeouts - p->errors;
	p->latency.p99 = 0.02 + (double)lost / 10;
	for (int i = 0; i < (int)seconds; i++) {
		ADD_NUMBER(r, p->latency_by_second, p->n_latency_by_second,
		    p->latency.p99 * (1 + 0.3 * sin(i * 1.7)));
		ADD_NUMBER(r, p->rate_by_second, p->n_rate_by_second,
		    rate * (1 + 0.02 * cos(i * 2.3)));
	}
}

static void
add_series(struct run *r, const char *name, const char *unit, const char *scope, double base,
    double swing)
{
	struct run_series *s = RUN_ADD(r, series, r->evidence.series, r->evidence.n_series);

	s->name = name;
	s->unit = unit;
	s->scope = scope;
	s->mean = base;
	s->min = base - swing;
	s->max = base + swing;
	for (int i = 0; i < 90; i++)
		ADD_NUMBER(r, s->points, s->n_points, base + swing * sin(i * 0.13) * cos(i * 0.71));
}

static void
add_all_series(struct run *r)
{
	add_series(r, "service_cpu_cores", "cores", "service", 1.18, 0.4);
	add_series(r, "service_runqueue_ratio", "ratio", "service", 0.06, 0.05);
	add_series(r, "service_rss_bytes", "bytes", "service", 184e6, 12e6);
	add_series(r, "service_read_bytes_per_second", "bytes", "service", 2.1e6, 2e6);
	add_series(r, "service_swap_bytes", "bytes", "service", 0, 0);
	add_series(r, "service_net_sent_bytes", "bytes", "service", 8.4e6, 3e6);
	add_series(r, "host_psi_cpu_ratio", "ratio", "host", 0.08, 0.05);
	add_series(r, "host_psi_io_ratio", "ratio", "host", 0.02, 0.015);
	add_series(r, "host_tcp_retransmits_per_second", "per_second", "host", 0.4, 0.4);
}

static void
add_stack(struct run *r, const char *kind, const char *frames, double seconds)
{
	struct run_stack *s = RUN_ADD(r, stack, r->evidence.trace.stacks,
	    r->evidence.trace.n_stacks);
	s->kind = kind;
	s->frames = frames;
	s->seconds = seconds;
}

/* Slow requests are in the database more than the others. */
static void
share_stacks(struct run_trace *t)
{
	double slow = 0, rest = 0;

	for (size_t i = 0; i < t->n_stacks; i++) {
		struct run_stack *s = &t->stacks[i];
		rest += s->rest = s->seconds;
		slow += s->slow = s->seconds * (strstr(s->frames, "sqlite3") ? 1.4 : 0.5);
	}
	for (size_t i = 0; i < t->n_stacks; i++) {
		t->stacks[i].rest /= rest;
		t->stacks[i].slow /= slow;
	}
}

static void
add_stacks(struct run *r)
{
	static const char *const leaves[] = { "memcmp", "sqlite3VdbeExec", "btreeParseCell",
	    "pcache1Fetch",
	    "sqlite3BtreeNext", "json_escape", "snprintf", "malloc", "free", "write" };
	static const char *const routes[] = { "route_orders", "route_catalog", "route_login" };

	for (int i = 0; i < 180; i++) {
		const char *frames = run_printf(r,
		    "start_thread;worker_main;handle_request;%s;%s;%s;%s_%d",
		    routes[i % 7 ? i % 2 : 2], i % 3 ? "orders_of_customer" : "render_json",
		    i % 3 ? "sqlite3_step;sqlite3VdbeExec" : "json_object", leaves[i % 10], i / 30);
		add_stack(r, "cpu", frames, 0.002 * (200 - i) * (1 + i % 5));
	}
	add_stack(r, "db",
	    "start_thread;worker_main;handle_request;route_orders;sqlite3_step;pread64", 4.1);
	add_stack(r, "lock",
	    "start_thread;worker_main;handle_request;cache_get;pthread_mutex_lock;futex_wait", 2.2);
	add_stack(r, "lock",
	    "start_thread;worker_main;handle_request;log_line;pthread_mutex_lock;futex_wait", 0.4);
	add_stack(r, "disk", "start_thread;worker_main;handle_request;log_line;fsync", 0.9);
	add_stack(r, "net", "start_thread;worker_main;handle_request;send_answer;sendmsg", 0.3);
	share_stacks(&r->evidence.trace);
}

static void
add_part(struct run *r, struct run_time *t, enum run_part_kind kind, const char *where,
    double share)
{
	struct run_part *p = RUN_ADD(r, part, t->parts, t->n_parts);
	p->kind = kind;
	p->where = where;
	p->share = share;
	p->seconds = share * t->seconds;
}

static void
add_time(struct run *r, const char *route, const char *scope, double seconds, double db, double cpu,
    double lock)
{
	struct run_time *t = RUN_ADD(r, time, r->time, r->n_time);

	t->route = route;
	t->scope = scope;
	t->requests = 41230;
	t->seconds = seconds;
	add_part(r, t, PART_DB, "SELECT … FROM orders WHERE customer_id = ?", db);
	add_part(r, t, PART_CPU, "json_escape", cpu);
	add_part(r, t, PART_LOCK, "cache mutex", lock);
	add_part(r, t, PART_RUNQUEUE, NULL, (1 - db - cpu - lock) / 2);
	add_part(r, t, PART_OTHER, NULL, (1 - db - cpu - lock) / 2);
}

static void
add_functions(struct run *r)
{
	static const struct { const char *name, *module; double self, total; } rows[] = {
		{ "sqlite3VdbeExec", "libsqlite3.so.0", 0.31, 0.66 }, { "json_escape", "shop", 0.12, 0.14 },
		{ "btreeParseCell", "libsqlite3.so.0", 0.09, 0.11 }, { "memcmp", "libc.so.6", 0.06, 0.06 },
		{ "std::vector<item, std::allocator<item> >::push_back(item const&)", "shop", 0.04, 0.05 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run_function *f = RUN_ADD(r, function, r->evidence.trace.functions,
		    r->evidence.trace.n_functions);
		f->name = rows[i].name;
		f->module = rows[i].module;
		f->file = i == 1 ? "src/json.c" : NULL;
		f->line = i == 1 ? 88 : 0;
		f->self = rows[i].self;
		f->total = rows[i].total;
	}
}

static void
add_query(struct run *r)
{
	struct run_trace *t = &r->evidence.trace;
	struct run_query *q = RUN_ADD(r, query, t->queries, t->n_queries);

	q->engine = "sqlite";
	q->database = "/srv/shop/shop.db";
	q->fingerprint = "SELECT id, total, created_at FROM orders WHERE customer_id = ? ORDER BY created_at DESC LIMIT 20";
	q->route = "/orders";
	q->calls = 41230;
	q->seconds = 21.4;
	q->per_request = 1;
	q->rows = 20;
	q->scan_table = "orders";
	q->scan_rows = 1.2e6;
	q->index_table = "orders";
	q->index_plan = "SEARCH orders USING INDEX (customer_id=?)";
	RUN_ADD_STR(r, q->plan, q->n_plan, "SCAN orders");
	RUN_ADD_STR(r, q->plan, q->n_plan, "USE TEMP B-TREE FOR ORDER BY");
	RUN_ADD_STR(r, q->index_columns, q->n_index_columns, "customer_id");
	RUN_ADD_STR(r, q->index_columns, q->n_index_columns, "created_at");
}

static void
add_threads(struct run *r)
{
	struct run_trace *t = &r->evidence.trace;

	for (int i = 0; i < 4; i++) {
		struct run_thread *h = RUN_ADD(r, thread, t->threads, t->n_threads);
		h->pid = 4711;
		h->tid = 4712 + i;
		h->name = run_printf(r, "worker-%d", i);
		h->cpu = 0.29 - 0.02 * i;
		h->runqueue = 0.03;
		h->blocked = 0.6 + 0.01 * i;
		h->longest_run = 0.012;
	}
	struct run_wait *w = RUN_ADD(r, wait, t->waits, t->n_waits);
	w->kind = PART_LOCK;
	w->where = "cache mutex";
	w->site = "cache_put";
	w->waits = 8123;
	w->mean_waiters = 1.4;
	struct run_part *p = RUN_ADD(r, part, w->holder, w->n_holder);
	p->kind = PART_DB;
	p->where = "SELECT … FROM orders";
	p->share = 0.92;
}

static void
add_stretch(struct run *r, struct run_exemplar *e, enum run_part_kind kind, const char *where,
    double share)
{
	const struct run_stretch *last = e->n_stretches ? &e->stretches[e->n_stretches - 1] : NULL;
	double at = last ? last->at + last->seconds : 0;
	struct run_stretch *s = RUN_ADD(r, stretch, e->stretches, e->n_stretches);

	s->kind = kind;
	s->where = where;
	s->at = at;
	s->seconds = share * e->seconds;
}

static void
add_exemplar(struct run *r, const char *route, const char *rank, double seconds, double db)
{
	struct run_trace *t = &r->evidence.trace;
	struct run_exemplar *e = RUN_ADD(r, exemplar, t->exemplars, t->n_exemplars);

	e->route = route;
	e->rank = rank;
	e->seconds = seconds;
	e->at = 12.25;
	add_stretch(r, e, PART_QUEUE, "worker queue", 0.04);
	add_stretch(r, e, PART_CPU, "parse_head", 0.02);
	add_stretch(r, e, PART_LOCK, "cache mutex", 0.09);
	add_stretch(r, e, PART_DB, "SELECT … FROM customers WHERE id = ?", 0.02);
	add_stretch(r, e, PART_DB, "SELECT … FROM orders WHERE customer_id = ?", db);
	add_stretch(r, e, PART_CPU, "json_escape", (0.83 - db) / 2);
	add_stretch(r, e, PART_RUNQUEUE, NULL, (0.83 - db) / 4);
	add_stretch(r, e, PART_CPU, "json_escape", (0.83 - db) / 4);
}

static void
add_exemplars(struct run *r)
{
	add_exemplar(r, "/orders", "slowest", 1.91, 0.74);
	add_exemplar(r, "/orders", "slowest", 1.84, 0.71);
	add_exemplar(r, "/orders", "slowest", 1.62, 0.62);
	add_exemplar(r, "/orders", "typical", 0.0791, 0.55);
	add_exemplar(r, "/catalog", "slowest", 0.0182, 0.24);
	add_exemplar(r, "/catalog", "slowest", 0.0171, 0.21);
	add_exemplar(r, "/catalog", "slowest", 0.0166, 0.2);
	add_exemplar(r, "/catalog", "typical", 0.0104, 0.2);
}

static void
add_trace(struct run *r)
{
	struct run_trace *t = &r->evidence.trace;

	t->mode = "bpf";
	t->seconds = 30;
	t->requests = 78010;
	t->samples = 11873;
	t->unwound = 0.998;
	t->symbolised = 0.991;
	t->overhead_cpu = 0.02;
	RUN_ADD(r, time, t->routes, t->n_routes)->route = "/orders";
	add_stacks(r);
	add_functions(r);
	add_query(r);
	add_threads(r);
	add_exemplars(r);
	r->evidence.noise = 0.031;
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void
add_target(struct run *r, const char *metric, const char *op, double limit, double value, bool met)
{
	struct run_target *t = RUN_ADD(r, target, r->targets, r->n_targets);

	t->metric = metric;
	t->op = op;
	t->limit = limit;
	t->value = value;
	t->low = *op == '<' ? value * 0.97 : value;
	t->high = *op == '<' ? value * 1.03 : value;
	t->gap = *op == '<' ? value / limit : limit / value;
	t->met = met;
	t->src = SOURCE_MEASURED;
}

static void
add_baseline(struct run *r, double rate, double p99)
{
	struct run_baseline *b = &r->baseline;
	static const char *const routes[] = { "/orders", "/catalog", "/login" };

	b->rate = rate;
	b->throughput = rate * 0.98;
	b->latency = (struct run_latency){ p99 / 8, p99 / 20, p99 / 3, p99, p99 * 1.3, p99 * 1.6,
	    false };
	b->error_rate = 0.0002;
	b->timeout_rate = 0;
	b->cpu = 1.18;
	b->cpu_per_request = 1.18 / rate;
	b->rss_bytes = 184e6;
	b->io_wait = 0.02;
	b->net_bytes_per_s = 8.4e6;
	for (size_t i = 0; i < 3; i++) {
		struct run_route *o = RUN_ADD(r, route, b->routes, b->n_routes);
		o->route = routes[i];
		o->rate = rate / 3;
		o->latency.p50 = p99 / (20 + 5 * (double)i);
		o->latency.p95 = p99 / (3 + 5 * (double)i);
		o->latency.p99 = p99 / (1 + 5 * (double)i);
		o->error_rate = i ? 0 : 0.0006;
		o->body_bytes = 4096 * (double)(i + 1);
		o->requests = 26000;
	}
}

static void
add_eye(struct run *r, const char *name, bool open, const char *means, const char *cure)
{
	struct run_eye *e = RUN_ADD(r, eye, r->eyes, r->n_eyes);
	e->name = name;
	e->open = open;
	e->means = means;
	e->cure = cure;
}

static void
add_surroundings(struct run *r)
{
	r->host = (struct run_host){ "6.1.0-18-amd64", "AMD EPYC 7B13", "tsc", "kvm", 2,
	    INT64_C(8) << 30, 0.004, true };
	add_eye(r, "on-CPU stacks", true, "BPF, 99 samples a second", NULL);
	add_eye(r, "off-CPU stacks", true, "BPF, scheduler switches", NULL);
	add_eye(r, "kernel symbols", false, "kernel frames have no names",
	    "sysctl kernel.kptr_restrict=0");
	struct run_process *p = RUN_ADD(r, process, r->system.processes, r->system.n_processes);
	p->pid = 4711;
	p->exe = "/srv/shop/shop";
	p->name = "shop";
	p->runtime = "native";
	p->threads = 9;
	ADD_NUMBER(r, p->ports, p->n_ports, 8080);
	struct run_peer *e = RUN_ADD(r, peer, r->system.peers, r->system.n_peers);
	e->kind = "sqlite";
	e->address = "/srv/shop/shop.db";
	e->connections = 4;
}

static struct run *
base(enum run_verdict verdict, const char *headline)
{
	struct run *r = run_new();

	r->id = "20261121T031200Z-shop-api-7f3a";
	r->created = "2026-11-21T03:12:00Z";
	r->tool = "prony 0.1.0";
	r->folder = ".prony/runs/20261121T031200Z-shop-api-7f3a";
	r->sealed = true;
	r->verdict = verdict;
	r->headline = headline;
	r->system.name = "shop-api";
	r->spec.seed = 42;
	r->spec.arrivals = "poisson";
	RUN_ADD_STR(r, r->spec.urls, r->spec.n_urls, "http://127.0.0.1:8080/orders");
	RUN_ADD_STR(r, r->spec.urls, r->spec.n_urls, "http://127.0.0.1:8080/catalog");
	r->self = (struct run_self){ 0.021, 0.11, 24 << 20, 0, 84 };
	return r;
}

static void
add_finding(struct run *r)
{
	struct run_finding *f = RUN_ADD(r, finding, r->findings, r->n_findings);

	f->id = "F1";
	f->kind = "io.db.missing-index";
	f->class = CLASS_IO;
	f->share = 0.71;
	f->confidence = 0.95;
	f->basis = "attributed";
	f->where = "orders(customer_id): SELECT … FROM orders WHERE customer_id = ? ORDER BY created_at";
	f->route = "/orders";
	f->summary = "71 % of the slow requests' time is one statement that reads the whole table orders to return 20 rows.";
	f->source = SOURCE_MEASURED;
	RUN_ADD_STR(r, f->evidence, f->n_evidence, "full scan: 1.20M rows read for 20 returned");
	RUN_ADD_STR(r, f->evidence, f->n_evidence,
	    "with an index on (customer_id) the planner itself would search");
	RUN_ADD_STR(r, f->evidence, f->n_evidence,
	    "waits for the cache mutex follow the statement: the holder runs it 92 % of the time");
	RUN_ADD_STR(r, f->against, f->n_against,
	    "3 % of the slow requests never ran the statement");
	f = RUN_ADD(r, finding, r->findings, r->n_findings);
	f->id = "F2";
	f->kind = "cpu.hot-function";
	f->class = CLASS_CPU;
	f->share = 0.12;
	f->confidence = 0.45;
	f->basis = "attributed";
	f->where = "json_escape";
	f->file = "src/json.c";
	f->line = 88;
	RUN_ADD_STR(r, f->evidence, f->n_evidence, "12 % of the time in it, 4 % in the next function");
	RUN_ADD_STR(r, f->against, f->n_against, "CPU is not full: the service may use more");
	f->summary = "json_escape takes 12 % of CPU time";
}

static void
add_step(struct run *r, const char *id, const char *what, double p99, const char *apply,
    const char *undo)
{
	struct run_step *s = RUN_ADD(r, step, r->plan, r->n_plan);

	s->id = id;
	s->finding = "F1";
	s->what = what;
	s->predicted.latency_p99 = (struct run_num){ p99, p99 * 0.8, p99 * 1.35, SOURCE_MODELLED };
	s->ceiling = 3.4;
	s->effort = LEVEL_LOW;
	s->risk = LEVEL_LOW;
	s->priority = (int64_t)r->n_plan;
	s->apply = apply;
	s->undo = undo;
	s->tradeoff = "an index costs about 30 MiB and slows each insert a little";
	s->then = "CPU in json_escape (28 %)";
}

static void
add_fork(struct run *r, const char *question, const char *const (*branches)[2], size_t took)
{
	struct run_fork *k = RUN_ADD(r, fork, r->forks, r->n_forks);

	k->question = question;
	for (size_t i = 0; branches[i][0]; i++) {
		struct run_branch *b = RUN_ADD(r, branch, k->branches, k->n_branches);
		b->answer = branches[i][0];
		b->figure = branches[i][1];
		b->took = i == took;
	}
}

static void
add_forks(struct run *r)
{
	static const char *const leave[][2] = { { "yes", "77.9k requests answered" }, { "no", NULL },
		{ NULL, NULL } };
	static const char *const symptom[][2] = { { "latency", "p99 1.84 s, target 500 ms, missed" },
		{ "throughput", "holds 2.60k/s" }, { NULL, NULL } };
	static const char *const area[][2] = { { "network", "1.0 %" }, { "database", "71 %" },
		{ "compute", "16 %" }, { "waiting inside", "12 %" }, { NULL, NULL } };
	static const char *const part[][2] = { { "SELECT … FROM orders WHERE customer_id = ?",
		"69 %" }, { "SELECT … FROM customers WHERE id = ?", "2.0 %" }, { NULL, NULL } };
	static const char *const defect[][2] = {
		{ "io.db.missing-index", "orders(customer_id): 71 % of the time, confidence 95 %" },
		{ "cpu.hot-function", "json_escape: 12 % of the time, a hypothesis, 45 %" }, { NULL, NULL } };

	add_fork(r, "Do the data allow a conclusion?", leave, 0);
	add_fork(r, "What is to be explained?", symptom, 0);
	add_fork(r, "Where does the time of the slow requests go?", area, 1);
	add_fork(r, "What takes most of it?", part, 0);
	add_fork(r, "What is the defect?", defect, 0);
}

static void
add_link(struct run *r, const char *kind, const char *peer, double share, double calls)
{
	struct run_link *l = RUN_ADD(r, link, r->links, r->n_links);

	l->kind = kind;
	l->peer = peer;
	l->share = share;
	l->seconds = share * 0.06;
	l->calls = calls;
}

static void
add_links(struct run *r)
{
	add_link(r, "sqlite", "/srv/shop/shop.db", 0.56, 1.4);
	add_link(r, "http", "10.0.3.17:9000", 0.11, 0.25);
	add_link(r, "redis", "127.0.0.1:6379", 0.03, 2);
	add_link(r, "disk", NULL, 0.01, NAN);
}

static void
add_memory(struct run *r)
{
	struct run_memory *m = &r->memory;

	m->rss_bytes = 184e6;
	m->growth = (struct run_num){ 240e3, 190e3, 290e3, SOURCE_MEASURED };
	m->limit_bytes = 512 << 20;
	m->limit_own = true;
	m->full_in = (struct run_num){ 1470, 1216, 1857, SOURCE_ESTIMATED };
	m->fault_share = 0.004;
	m->minor_faults = 1210;
	m->major_faults = m->swap_bytes = 0;
}

static void
add_conclusions(struct run *r)
{
	static const char *const out[][2] = {
		{ "cpu.saturated", "CPU is used at 59 % of what is there" },
		{ "io.disk.read", "2 % of slow-request time" }, { "memory.gc", "the runtime has no collector" },
		{ "io.net.downstream", "no calls to other services" },
		{ "contention.lock", "waits are charged to the holder, which runs the statement" },
	};
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
		struct run_ruled_out *o = RUN_ADD(r, ruled_out, r->ruled_out, r->n_ruled_out);
		o->kind = out[i][0];
		o->why = out[i][1];
	}
	add_forks(r);
	add_links(r);
	add_memory(r);
	add_time(r, "/orders", "slow", 1.31, 0.71, 0.12, 0.09);
	add_time(r, "/orders", "all", 0.082, 0.58, 0.2, 0.06);
	add_time(r, "/catalog", "all", 0.011, 0.2, 0.55, 0.05);
}

struct run *
sample_missed(void)
{
	struct run *r = base(VERDICT_MISSED,
	    "MISSED: p99 is 1.84 s at 2.60k/s, 3.7× the target: one statement reads the whole table orders.");

	add_target(r, "latency_p99", "<", 0.5, 1.84, false);
	r->targets[0].at_rate = 2600;
	add_target(r, "errors", "<", 0.001, 0.0002, true);
	RUN_ADD_STR(r, r->spec.targets, r->spec.n_targets, "p99 < 500ms @ 2.6k/s");
	add_baseline(r, 2600, 1.84);
	add_curve(r);
	add_model(r);
	add_phase(r, "warm-up", 500, 3, 0);
	add_phase(r, "baseline", 26, 5, 0);
	add_phase(r, "knee-1", 2600, 5, 2);
	add_phase(r, "trace", 2600, 30, 18);
	add_all_series(r);
	add_trace(r);
	add_surroundings(r);
	add_finding(r);
	add_conclusions(r);
	add_step(r, "P1", "index orders(customer_id, created_at)", 0.24,
	    "CREATE INDEX orders_customer_id_created_at ON orders (customer_id, created_at);",
	    "DROP INDEX orders_customer_id_created_at;");
	add_step(r, "P2", "cache GET /catalog for 30 s", 0.18,
	    "routes:\n  - match: /catalog\n    cache: { enabled: true, ttl: 30s }",
	    "remove the route's cache line");
	add_step(r, "P3", "escape JSON eight bytes at a time in json_escape", 0.165, NULL, NULL);
	return r;
}

struct run *
sample_met(void)
{
	struct run *r = base(VERDICT_MET,
	    "p99 is 38 ms at 2.00k/s, well within the target of 500 ms.");

	add_target(r, "latency_p99", "<", 0.5, 0.038, true);
	add_target(r, "availability", ">", 0.9999, 0.99998, true);
	add_baseline(r, 2000, 0.038);
	add_curve(r);
	r->capacity.at_least = true;
	add_phase(r, "trace", 2000, 20, 0);
	add_all_series(r);
	add_trace(r);
	add_surroundings(r);
	add_conclusions(r);
	r->healthy = "requests wait for nothing that grows with the load; the largest part is the service's own work";
	return r;
}

struct run *
sample_healthy(void)
{
	struct run *r = sample_met();
	r->n_targets = 0;
	r->headline = "healthy: holds at least 2.60k/s; nothing stands out";
	return r;
}

struct run *
sample_limited(void)
{
	struct run *r = sample_missed();
	r->n_targets = r->spec.n_targets = 0;
	r->verdict = VERDICT_MET;
	r->headline = "holds 2.60k/s: one statement reads the whole table orders";
	return r;
}

struct run *
sample_inconclusive(void)
{
	struct run *r = base(VERDICT_INCONCLUSIVE,
	    "The data allow no conclusion: p99 varies by 41 % between equal blocks of load.");

	add_target(r, "latency_p99", "<", 0.5, NAN, false);
	add_baseline(r, 120, 0.43);
	add_phase(r, "baseline", 120, 10, 0);
	add_eye(r, "on-CPU stacks", false, "no function can be named",
	    "setcap cap_bpf,cap_perfmon+ep /usr/bin/prony");
	add_eye(r, "off-CPU stacks", false, "no wait can be named",
	    "setcap cap_bpf,cap_perfmon+ep /usr/bin/prony");
	r->evidence.noise = 0.41;
	return r;
}

struct run *
sample_generator(void)
{
	struct run *r = base(VERDICT_GENERATOR_LIMITED,
	    "The load generator was the limit at 88k/s: the figures say nothing about the service.");

	add_baseline(r, 88e3, 0.009);
	add_phase(r, "knee-4", 88e3, 5, 0);
	r->evidence.phases[0].generator_limited = true;
	return r;
}

struct run *
sample_idle(void)
{
	struct run *r = base(VERDICT_IDLE, "No request reached the service while it was watched.");
	r->spec.observe = true;
	add_surroundings(r);
	return r;
}

struct run *
sample_error(void)
{
	struct run *r = base(VERDICT_ERROR, NULL);
	r->error = "cannot load http://127.0.0.1:8080/orders: connection refused; nothing listens on port 8080 of this host, so start the service or name another port";
	r->sealed = false;
	return r;
}

static void
add_suite_phase(struct run *r, const char *name, double rate, enum run_failure failure)
{
	struct run_suite_phase *p = RUN_ADD(r, suite_phase, r->suite.phases, r->suite.n_phases);

	p->phase = name;
	p->rate = rate;
	p->throughput = failure ? rate / 2 : rate;
	p->p50 = 0.004;
	p->p99 = failure ? 1.2 : 0.02;
	p->error_rate = failure == FAILURE_ERRORS ? 0.4 : 0;
	p->failure = failure;
	p->missed_by = failure ? "throughput" : NULL;
}

/* A service that queues, sheds load far beyond its knee, and never came back from that. */
struct run *
sample_suite(void)
{
	struct run *r = sample_met();
	struct run_suite *s = &r->suite;

	s->normal_rate = 1300;
	s->peak_rate = 2340;
	add_suite_phase(r, "normal", 1300, FAILURE_NONE);
	add_suite_phase(r, "peak", 2340, FAILURE_NONE);
	add_suite_phase(r, "spike", 7020, FAILURE_QUEUE);
	add_suite_phase(r, "stress-1", 2860, FAILURE_QUEUE);
	add_suite_phase(r, "stress-2", 3250, FAILURE_ERRORS);
	s->breaking_phase = "stress-1";
	s->breaking_rate = 2860;
	s->failure = FAILURE_QUEUE;
	s->worst_phase = "stress-2";
	s->worst_rate = 3250;
	s->worst = FAILURE_ERRORS;
	for (int i = 0; i < 2; i++) {
		struct run_recovery *back = RUN_ADD(r, recovery, s->recoveries, s->n_recoveries);
		back->after = i ? "stress" : "spike";
		back->seconds = i ? NAN : 7;
		back->bound = 30;
	}
	struct run_integrity *data = RUN_ADD(r, integrity, s->integrity, s->n_integrity);
	data->when = "after";
	data->status = 3;
	data->said = "2 orders are missing";
	s->drift = 0.5;
	s->drift_low = 0.2;
	s->drift_high = 0.8;
	s->hint = "latency grows under a load that stays the same";
	return r;
}

struct run *
sample_empty(void)
{
	return run_new();
}

struct run *
sample_bare(void)
{
	struct run *r = run_new();
	struct run_trace *t = &r->evidence.trace;

	r->verdict = VERDICT_MISSED;
	RUN_ADD(r, eye, r->eyes, r->n_eyes);
	RUN_ADD(r, process, r->system.processes, r->system.n_processes);
	RUN_ADD(r, peer, r->system.peers, r->system.n_peers);
	RUN_ADD(r, target, r->targets, r->n_targets);
	RUN_ADD(r, route, r->baseline.routes, r->baseline.n_routes);
	RUN_ADD(r, point, r->capacity.curve, r->capacity.n_curve);
	struct run_time *time = RUN_ADD(r, time, r->time, r->n_time);
	RUN_ADD(r, part, time->parts, time->n_parts);
	RUN_ADD(r, finding, r->findings, r->n_findings);
	RUN_ADD(r, ruled_out, r->ruled_out, r->n_ruled_out);
	RUN_ADD(r, step, r->plan, r->n_plan)->predicted.latency_p99.value = 1;
	RUN_ADD(r, step, r->plan, r->n_plan)->predicted.latency_p99.value = 0.5;
	RUN_ADD(r, proof, r->proofs, r->n_proofs);
	RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
	RUN_ADD(r, series, r->evidence.series, r->evidence.n_series);
	RUN_ADD(r, time, t->routes, t->n_routes);
	struct run_wait *wait = RUN_ADD(r, wait, t->waits, t->n_waits);
	RUN_ADD(r, part, wait->holder, wait->n_holder);
	RUN_ADD(r, thread, t->threads, t->n_threads);
	RUN_ADD(r, function, t->functions, t->n_functions);
	RUN_ADD(r, stack, t->stacks, t->n_stacks)->seconds = 1;
	RUN_ADD(r, query, t->queries, t->n_queries);
	RUN_ADD(r, call, t->calls, t->n_calls);
	struct run_exemplar *exemplar = RUN_ADD(r, exemplar, t->exemplars, t->n_exemplars);
	RUN_ADD(r, stretch, exemplar->stretches, exemplar->n_stretches);
	struct run_fork *fork = RUN_ADD(r, fork, r->forks, r->n_forks);
	RUN_ADD(r, branch, fork->branches, fork->n_branches);
	RUN_ADD(r, link, r->links, r->n_links);
	return r;
}

/* ---- comparisons --------------------------------------------------------------------------- */

static struct run_comparison *
add_comparison(struct run *r, const char *metric, const char *route, double before, double ratio,
    double half, const char *verdict)
{
	struct run_proof *p = &r->proofs[0];
	struct run_comparison *c = RUN_ADD(r, comparison, p->comparisons, p->n_comparisons);

	c->metric = metric;
	c->route = route;
	c->before = before;
	c->after = before * ratio;
	c->ratio = ratio;
	c->low = ratio - half;
	c->high = ratio + half;
	c->margin = 0.05;
	c->detectable = half * 1.4;
	c->pairs = 20;
	c->verdict = verdict;
	return c;
}

static void
add_comparisons(struct run *r)
{
	struct run_comparison *c = add_comparison(r, "cpu_per_request", NULL, 812e-6, 0.79, 0.021, "better");

	c->primary = true;
	c->margin = 0.01;
	add_comparison(r, "latency_p50", NULL, 4.1e-3, 0.871, 0.031, "better");
	add_comparison(r, "latency_p95", NULL, 18.2e-3, 0.902, 0.072, "better");
	add_comparison(r, "latency_p99", NULL, 41e-3, 0.93, 0.12, "inconclusive")->pairs_needed = 64;
	add_comparison(r, "throughput", NULL, 1840, 1.24, 0.03, "better");
	add_comparison(r, "rss_bytes", NULL, 184e6, 1.004, 0.011, "same");
	c = add_comparison(r, "error_rate", NULL, 0.0002, 1, 0, "same");
	c->after = 0.00021;
	c->ratio = 0.00001;
	c->low = -0.0002;
	c->high = 0.00022;
	c->margin = 0.001;
	c->detectable = 0.0004;
	add_comparison(r, "latency_p99", "/orders", 52e-3, 0.86, 0.11, "better");
	add_comparison(r, "latency_p99", "/catalog", 12e-3, 1.01, 0.04, "same");
}

static void
add_block(struct run *r, int64_t pair, const char *arm, const char *load, double factor, double started)
{
	struct run_proof *p = &r->proofs[0];
	struct run_block *b = RUN_ADD(r, block, p->blocks, p->n_blocks);
	double noise = 1 + 0.03 * sin((double)pair * 1.3 + factor);

	b->pair = pair;
	b->arm = arm;
	b->load = load;
	b->started = started;
	b->seconds = 5;
	b->rate = b->throughput = 400;
	b->cpu_per_request = 812e-6 * factor * noise;
	b->p50 = 4.1e-3 * factor * noise;
	b->p99 = 41e-3 * factor * noise * noise;
	if (load[0] == 's')
		b->throughput = 1840 / factor * noise;
}

static void
add_blocks(struct run *r)
{
	double at = 3;

	for (int64_t pair = 0; pair < 20; pair++)
		for (int k = 0; k < 2; k++, at += 6) {
			bool b = (pair % 2) != k;
			add_block(r, pair, b ? "B" : "A", pair < 16 ? "rate" : "saturation", b ? 0.8 : 1, at);
		}
	r->proofs[0].blocks[6].void_why = "the generator was late: it had no CPU left";
}

static void
add_difference(struct run *r, const char *kind, const char *what, const char *route, double before,
    double after)
{
	struct run_proof *p = &r->proofs[0];
	struct run_difference *f = RUN_ADD(r, difference, p->differences, p->n_differences);

	f->kind = kind;
	f->what = what;
	f->route = route;
	f->before = before;
	f->after = after;
	f->share = (after - before) / 300e-6;
}

static void
add_diff_stacks(struct run *r)
{
	static const char *const leaves[] = { "memcmp", "sqlite3VdbeExec", "json_escape", "malloc", "write" };
	struct run_proof *p = &r->proofs[0];

	for (int i = 0; i < 150; i++) {
		struct run_diff_stack *s = RUN_ADD(r, diff_stack, p->diff_stacks, p->n_diff_stacks);
		s->kind = i % 25 == 24 ? "lock" : "cpu";
		s->frames = run_printf(r, "start_thread;worker_main;handle_request;%s;%s_%d",
		    i % 3 ? "route_orders;orders_of_customer" : "render_json", leaves[i % 5], i / 15);
		s->before = (i % 5 == 1 ? 9e-6 : 4e-6) * (200 - i) / 100;
		s->after = (i % 5 == 1 ? 3e-6 : i % 5 == 2 ? 5e-6 : 4e-6) * (200 - i) / 100;
	}
}

static void
add_arm(struct run *r, const char *name, const char *what)
{
	struct run_proof *p = &r->proofs[0];
	struct run_arm *a = RUN_ADD(r, arm, p->arms, p->n_arms);

	a->name = name;
	a->what = what;
	a->folder = name[0] == 'A' ? "a" : "b";
	a->warm_up = 2.5;
	a->starts = 2;
	a->placement = 1.02;
}

/* As `prony prove` leaves it: the service, a comparison, no findings of its own. */
static struct run *
new_proof(const char *verdict, const char *why)
{
	struct run *r = run_new();
	struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);

	r->schema = RUN_SCHEMA;
	r->id = "2026-07-04T101500Z-shop-2222";
	r->created = "2026-07-04T10:15:00Z";
	r->tool = "prony 0.1.0";
	r->folder = "/srv/shop/.prony/runs/2026-07-04T101500Z-shop-2222";
	r->sealed = true;
	r->system.name = "shop-api";
	r->verdict = VERDICT_MET;
	r->headline = p->why = why;
	r->host.cpus = 2;
	r->host.kernel = "Linux 6.1.0";
	r->host.memory_bytes = INT64_C(4) << 30;
	r->self.cpu = 0.03;
	r->self.rss_bytes = 30 << 20;
	r->self.seconds = p->seconds = 118;
	p->verdict = verdict;
	p->source = SOURCE_MEASURED;
	p->alpha = 0.01;
	p->looks = 2;
	p->pairs_at_most = 40;
	p->rate = 400;
	return r;
}

struct run *
sample_proof(void)
{
	struct run *r = new_proof("better", "CPU per request fell by 21 % (18.9 to 23.1 %) and nothing is worse");
	struct run_proof *p = &r->proofs[0];

	add_arm(r, "A", "http://127.0.0.1:8080/orders");
	add_arm(r, "B", "http://127.0.0.1:8081/orders");
	add_comparisons(r);
	add_blocks(r);
	p->noise = (struct run_noise){ "usable", 1.31, 1.04, 0.012, 0.09, 0.004 };
	p->answers_compared = 1204;
	p->answers_varying = 12;
	add_difference(r, "query", "SELECT id, created, total_cents, status FROM orders WHERE customer_id = ? "
	    "ORDER BY id DESC LIMIT ?", "/orders", 410e-6, 170e-6);
	p->differences[0].calls_before = 21;
	p->differences[0].calls_after = 1;
	add_difference(r, "function", "sqlite3VdbeExec", NULL, 240e-6, 80e-6);
	add_difference(r, "function", "json_escape", NULL, 60e-6, 78e-6);
	add_difference(r, "function", "old_render", NULL, 14e-6, 0);
	add_difference(r, "wait", "lock: cache_mutex", "/catalog", 0, 12e-6);
	add_diff_stacks(r);
	return r;
}

static void
add_answer(struct run *r, const char *differs, const char *before, const char *after, int64_t count)
{
	struct run_proof *p = &r->proofs[0];
	struct run_answer *a = RUN_ADD(r, answer, p->answers, p->n_answers);

	a->route = "/orders";
	a->differs = differs;
	a->before = before;
	a->after = after;
	a->count = count;
	a->of = 600;
}

struct run *
sample_proof_worse(void)
{
	struct run *r = new_proof("worse", "B is faster, but answers /orders otherwise than A");
	struct run_proof *p = &r->proofs[0];

	r->verdict = VERDICT_MISSED;
	add_arm(r, "A", "./server --port {port}");
	add_arm(r, "B", "./server-new --port {port}");
	add_comparisons(r);
	p->comparisons[5].verdict = "worse";
	p->comparisons[5].ratio = 1.4;
	p->comparisons[5].low = 1.3;
	p->comparisons[5].high = 1.5;
	p->answers_compared = 1204;
	add_answer(r, "status", "200", "404", 31);
	add_answer(r, "body", "hash 3f2a55", "hash 91bc02", 12);
	return r;
}

struct run *
sample_proof_open(void)
{
	struct run *r = new_proof("inconclusive", "the machine is too noisy: changes of CPU per request below 9 % "
	    "cannot be told");
	struct run_proof *p = &r->proofs[0];

	r->verdict = VERDICT_INCONCLUSIVE;
	add_arm(r, "A", "v1.2");
	add_arm(r, "B", "v1.3");
	struct run_comparison *c = add_comparison(r, "cpu_per_request", NULL, 812e-6, 1.02, 0.09, "inconclusive");
	c->primary = true;
	c->pairs_needed = 380;
	add_comparison(r, "latency_p99", NULL, 41e-3, 1.1, 0, "inconclusive");
	p->comparisons[1].low = 0;
	p->comparisons[1].high = INFINITY;
	p->noise = (struct run_noise){ "noisy", 1.74, 1.36, 0.08, 0.31, 0.06 };
	return r;
}

struct run *
sample_proof_bare(void)
{
	struct run *r = run_new();
	struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);

	RUN_ADD(r, arm, p->arms, p->n_arms);
	RUN_ADD(r, comparison, p->comparisons, p->n_comparisons);
	RUN_ADD(r, answer, p->answers, p->n_answers);
	RUN_ADD(r, difference, p->differences, p->n_differences);
	RUN_ADD(r, diff_stack, p->diff_stacks, p->n_diff_stacks);
	struct run_block *b = RUN_ADD(r, block, p->blocks, p->n_blocks);
	RUN_ADD(r, block_route, b->routes, b->n_routes);
	return r;
}

/* ---- unkind ones --------------------------------------------------------------------------- */

#define EVIL "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"' onload=\"x\n### Owned\n" \
	"| a | b |\n```\n~~~\n[x](javascript:alert(3)) \033[31mred\033]0;title\007 \xe2\x80\xae gnp.exe \xff\xfe --> ]]> ${7*7} && rm -rf ~"

struct run *
sample_hostile(void)
{
	struct run *r = sample_missed();

	r->system.name = r->headline = r->tool = r->id = r->capacity.stopped_by = r->capacity.usl_why = EVIL;
	r->folder = "/tmp/" EVIL;
	r->findings[0].where = r->findings[0].summary = r->findings[0].route = EVIL;
	r->findings[0].evidence[0] = r->findings[0].against[0] = EVIL;
	r->findings[0].kind = r->findings[1].kind = EVIL;
	r->ruled_out[0].kind = r->ruled_out[0].why = EVIL;
	r->forks[0].question = r->forks[1].branches[0].answer = r->forks[1].branches[0].figure = EVIL;
	r->links[0].kind = r->links[1].peer = EVIL;
	r->findings[0].file = r->findings[0].basis = EVIL;
	r->plan[0].what = r->plan[0].apply = r->plan[0].undo = r->plan[0].tradeoff = r->plan[2].then = EVIL;
	r->plan[0].id = EVIL;
	r->targets[0].metric = r->targets[1].op = EVIL;
	r->spec.urls[0] = r->spec.targets[0] = EVIL;
	r->time[0].route = r->time[0].parts[0].where = EVIL;
	r->baseline.routes[0].route = EVIL;
	r->evidence.series[0].name = r->evidence.series[1].unit = EVIL;
	r->evidence.phases[0].name = EVIL;
	r->eyes[2].name = r->eyes[2].means = r->eyes[2].cure = EVIL;
	r->system.processes[0].exe = r->system.peers[0].address = EVIL;
	struct run_trace *t = &r->evidence.trace;
	t->queries[0].fingerprint = t->queries[0].plan[0] = t->queries[0].index_plan = EVIL;
	t->functions[0].name = t->functions[0].module = t->threads[0].name = EVIL;
	t->waits[0].where = t->waits[0].site = EVIL;
	t->stacks[0].frames = EVIL ";" EVIL;
	t->stacks[1].kind = EVIL;
	t->exemplars[0].route = t->exemplars[1].rank = t->exemplars[1].stretches[0].where = EVIL;
	t->exemplars[2].stretches[1].at = -INFINITY;
	t->exemplars[2].seconds = NAN;
	t->n_exemplars = 3;
	r->n_links = 2;
	return r;
}

struct run *
sample_proof_hostile(void)
{
	struct run *r = sample_proof_worse();
	struct run_proof *p = &r->proofs[0];

	r->system.name = r->headline = r->tool = p->why = EVIL;
	p->arms[0].what = p->arms[1].name = EVIL;
	p->comparisons[0].metric = p->comparisons[1].route = p->comparisons[2].verdict = EVIL;
	p->answers[0].route = p->answers[0].before = p->answers[0].after = p->answers[1].differs = EVIL;
	p->noise.grade = EVIL;
	add_difference(r, "function", EVIL, EVIL, 1e-3, 2e-3);
	add_difference(r, EVIL, EVIL, NULL, 1e-3, -INFINITY);
	add_diff_stacks(r);
	p->diff_stacks[0].frames = EVIL ";" EVIL;
	p->diff_stacks[24].kind = EVIL;
	p->diff_stacks[2].before = INFINITY;
	p->diff_stacks[3].after = -1;
	add_blocks(r);
	p->blocks[0].void_why = p->blocks[1].arm = EVIL;
	return r;
}

static const char *
long_text(struct run *r, size_t size)
{
	char *s = arena_alloc(r->arena, size + 1);
	for (size_t i = 0; i < size; i++)
		s[i] = i % 11 == 10 ? ' ' : (char)('a' + i % 26);
	return s;
}

struct run *
sample_huge(void)
{
	struct run *r = sample_missed();
	struct run_trace *t = &r->evidence.trace;
	const char *text = long_text(r, 20000);

	for (int i = 0; i < 3000; i++) {
		struct run_route *o = RUN_ADD(r, route, r->baseline.routes, r->baseline.n_routes);
		o->route = run_printf(r, "/item/%d/%s", i, text);
		add_stack(r, i % 2 ? "cpu" : "lock", run_printf(r,
		    "main;f%d;g%d;%s;h%d;i;j;k;l;m;n;o;p;q%d", i % 7, i % 91,
		    text + i % 9000, i, i * 31), 0.5 + i % 17);
		struct run_query *q = RUN_ADD(r, query, t->queries, t->n_queries);
		q->fingerprint = text;
		add_series(r, "service_cpu_cores", "cores", "service", 1, 0.5);
		struct run_ruled_out *o2 = RUN_ADD(r, ruled_out, r->ruled_out, r->n_ruled_out);
		o2->kind = o2->why = text;
		RUN_ADD(r, fork, r->forks, r->n_forks)->question = text;
		add_link(r, text, text, 1, 1);
		add_exemplar(r, i % 3 ? "/orders" : text, "slowest", 1, 0.7);
		RUN_ADD_STR(r, r->findings[0].evidence, r->findings[0].n_evidence, text);
		add_step(r, "P4", text, 0.1, text, text);
		add_phase(r, "knee", 10, 2, 0);
		add_eye(r, text, i % 2, text, text);
	}
	r->findings[0].where = r->findings[0].summary = r->headline = text;
	return r;
}

const struct sample samples[] = {
	{ "missed", sample_missed }, { "met", sample_met }, { "healthy", sample_healthy },
	{ "limited", sample_limited },
	{ "inconclusive", sample_inconclusive }, { "generator-limited", sample_generator },
	{ "idle", sample_idle }, { "error", sample_error }, { "empty", sample_empty }, { "suite", sample_suite }, { "bare", sample_bare },
	{ "proof", sample_proof }, { "proof-worse", sample_proof_worse }, { "proof-open", sample_proof_open },
	{ "proof-bare", sample_proof_bare }, { "proof-hostile", sample_proof_hostile },
	{ "hostile", sample_hostile }, { "huge", sample_huge }, { NULL, NULL },
};

/* SPDX-License-Identifier: MIT */
/* What the instruments saw: a shop whose /orders reads a whole table. */
#include "sample_parts.h"

#include <math.h>
#include <string.h>

void
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
void
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

void
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

void
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

void
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

void
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

void
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
	q->fingerprint = "SELECT id, total, created_at FROM orders WHERE customer_id = ? "
	    "ORDER BY created_at DESC LIMIT 20";
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

void
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

void
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
	t->added = 0.016;
	RUN_ADD(r, time, t->routes, t->n_routes)->route = "/orders";
	add_stacks(r);
	add_functions(r);
	add_query(r);
	add_threads(r);
	add_exemplars(r);
	r->evidence.noise = 0.031;
}

/* SPDX-License-Identifier: MIT */
#include "plan/plan.h"

#include "base/arena.h"
#include "check.h"
#include "plan/predict.h"

#define SCAN "SELECT *\n  FROM \"Orders\" WHERE customer_id = ?"

static struct run *
sample(void)
{
	struct run *r = run_new();
	r->baseline.rate = 850;
	r->baseline.latency.p50 = 0.02;
	r->baseline.latency.p99 = 1;
	r->baseline.cpu_per_request = 0.001;
	r->baseline.cpu = 0.5;
	r->capacity.knee_rate = r->capacity.max_rate = 1000;
	r->host.cpus = 4;
	return r;
}

static struct run_finding *
add(struct run *r, const char *id, const char *kind, enum run_class class, double share,
    const char *where)
{
	struct run_finding *f = RUN_ADD(r, finding, r->findings, r->n_findings);
	f->id = id;
	f->kind = kind;
	f->class = class;
	f->share = share;
	f->confidence = 0.9;
	f->where = where;
	f->summary = kind;
	return f;
}

static struct run_query *
scan(struct run *r, const char *engine)
{
	struct run_query *q = RUN_ADD(r, query, r->evidence.trace.queries, r->evidence.trace.n_queries);
	q->engine = engine;
	q->fingerprint = SCAN;
	q->scan_table = "Orders";
	q->per_request = 20;
	RUN_ADD_STR(r, q->index_columns, q->n_index_columns, "customer_id");
	RUN_ADD_STR(r, q->index_columns, q->n_index_columns, "order");
	return q;
}

static void
a_third_of_the_time_is_at_most_1_43_times_faster(void **state)
{
	static const struct { double share, ceiling; } rows[] = {
		{ 0.3, 1 / 0.7 }, { 0.5, 2 }, { 0, 1 }, { -1, 1 }, { 1, 50 }, { 7, 50 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_NEAR(predict_ceiling(rows[i].share), rows[i].ceiling, 1e-9);
	CHECK_NEAR(predict_ceiling(0.3), 1.43, 0.005);
}

static void
an_index_is_exact_sql_with_undo(void **state)
{
	static const struct { const char *engine, *apply, *undo; } rows[] = {
		{ "sqlite", "CREATE INDEX \"prony_Orders_customer_id_order\" ON \"Orders\" "
		  "(customer_id, \"order\");", "DROP INDEX \"prony_Orders_customer_id_order\";" },
		{ "postgresql", "CREATE INDEX CONCURRENTLY \"prony_Orders_customer_id_order\" ON "
		  "\"Orders\" (customer_id, \"order\");",
		  "DROP INDEX CONCURRENTLY \"prony_Orders_customer_id_order\";" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = sample();
		scan(r, rows[i].engine);
		add(r, "F1", "io.db.missing-index", CLASS_IO, 0.7,
		    "Orders(customer_id, order): SELECT * FROM \"Orders\" WHERE customer_id = ?");
		plan(r);
		assert_int_equal(r->n_plan, 1);
		assert_string_equal(r->plan[0].apply, rows[i].apply);
		assert_string_equal(r->plan[0].undo, rows[i].undo);
		assert_string_equal(r->plan[0].action, "db.index");
		assert_string_equal(r->plan[0].finding, "F1");
		assert_false(r->plan[0].automatic);
		run_free(r);
	}
}

static void
an_index_is_made_by_prony_where_it_can(void **state)
{
	static const struct { const char *engine; bool changeable, automatic; } rows[] = {
		{ "sqlite", true, true }, { "sqlite", false, false }, { "postgresql", true, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = sample();
		struct run_query *q = scan(r, rows[i].engine);
		q->database = "/srv/shop/shop.db";
		q->changeable = rows[i].changeable;
		add(r, "F1", "io.db.missing-index", CLASS_IO, 0.7,
		    "Orders(customer_id, order): SELECT * FROM \"Orders\" WHERE customer_id = ?");
		plan(r);
		assert_int_equal(r->plan[0].automatic, rows[i].automatic);
		if (rows[i].automatic) {
			assert_string_equal(r->plan[0].executor, "sqlite");
			assert_string_equal(r->plan[0].on, "/srv/shop/shop.db");
		} else {
			assert_null(r->plan[0].executor);
		}
		run_free(r);
	}
}

static void
a_quota_is_raised_and_put_back(void **state)
{
	struct run *r = sample();
	struct run_process *p = RUN_ADD(r, process, r->system.processes, r->system.n_processes);
	p->cpu_limit = 0.5;
	p->cgroup = "/it's shop";
	add(r, "F1", "cpu.throttled", CLASS_CPU, 0.6, "quota");
	plan(r);
	assert_non_null(strstr(r->plan[0].apply, "'/sys/fs/cgroup/it'\\''s shop/cpu.max'"));
	assert_non_null(strstr(r->plan[0].apply, "echo '100000 100000'"));
	assert_non_null(strstr(r->plan[0].undo, "echo '50000 100000'"));
	assert_non_null(strstr(r->plan[0].undo, "cpu.cfs_quota_us"));
	run_free(r);
}

static void
steps_accumulate_and_do_not_add_up(void **state)
{
	struct run *r = sample();
	add(r, "F1", "contention.lock", CLASS_CONTENTION, 0.6, "lock");
	add(r, "F2", "io.disk.sync", CLASS_IO, 0.6, "fsync");
	add(r, "F3", "cpu.hot-function", CLASS_CPU, 0.5, "f");
	plan(r);
	assert_int_equal(r->n_plan, 3);
	double before = 1000;
	for (size_t i = 0; i < 3; i++) {
		const struct run_predicted *p = &r->plan[i].predicted;
		assert_int_equal(p->throughput.src, SOURCE_MODELLED);
		assert_true(p->throughput.low <= p->throughput.value);
		assert_true(p->throughput.value <= p->throughput.high);
		assert_true(p->latency_p99.low <= p->latency_p99.value);
		assert_true(p->latency_p99.value <= p->latency_p99.high);
		assert_true(p->throughput.value >= before);
		assert_true(p->throughput.high <= 1000 * 50.0);
		assert_true(p->latency_p99.high <= 1);
		before = p->throughput.value;
		assert_int_equal(r->plan[i].priority, (int64_t)i + 1);
	}
	/* Shares of 0.6 + 0.6 + 0.5 are one whole: the last step has nothing left to win. */
	CHECK_NEAR(r->plan[2].predicted.throughput.value, r->plan[1].predicted.throughput.value, 1e-6);
	run_free(r);
}

static void
one_place_is_won_once(void **state)
{
	struct run *r = sample();
	scan(r, "sqlite");
	add(r, "F1", "io.db.missing-index", CLASS_IO, 0.7,
	    "Orders(customer_id): SELECT * FROM \"Orders\" WHERE customer_id = ?");
	add(r, "F2", "io.db.n-plus-one", CLASS_IO, 0.6,
	    "SELECT * FROM \"Orders\" WHERE customer_id = ?");
	plan(r);
	assert_string_equal(r->plan[0].action, "db.index");
	assert_string_equal(r->plan[0].then, "io.db.n-plus-one");
	assert_string_equal(r->plan[1].action, "db.batch");
	double first = 1000 / r->plan[0].predicted.throughput.value;
	double second = 1000 / r->plan[1].predicted.throughput.value;
	assert_true(first - second < 0.1);
	run_free(r);
}

static void
queueing_gain_needs_a_known_limit(void **state)
{
	struct run *r = sample();
	add(r, "F1", "contention.lock", CLASS_CONTENTION, 0.5, "lock");
	plan(r);
	double with = r->plan[0].predicted.latency_p99.value;
	r->capacity.at_least = true;
	plan(r);
	assert_int_equal(r->n_plan, 1);
	assert_true(with < r->plan[0].predicted.latency_p99.value);
	CHECK_NEAR(r->plan[0].predicted.latency_p99.value, 1 - 0.5 * (0.5 + 0.95) / 2, 1e-9);
	assert_true(isnan(r->plan[0].predicted.throughput.value));
	run_free(r);
}

static void
cheap_and_large_comes_first(void **state)
{
	struct run *r = sample();
	add(r, "F1", "cpu.hot-function", CLASS_CPU, 0.4, "f");
	add(r, "F2", "contention.workers", CLASS_CONTENTION, 0.5, "workers");
	add(r, "F3", "memory.leak", CLASS_MEMORY, 0, "memory");
	plan(r);
	assert_string_equal(r->plan[0].action, "workers.add");
	assert_string_equal(r->plan[1].action, "code.function");
	assert_string_equal(r->plan[2].action, "memory.fix-leak");
	assert_true(r->plan[1].predicted.cpu_per_request.value < 0.001);
	CHECK_NEAR(r->plan[2].ceiling, 1, 1e-12);
	run_free(r);
}

static void
each_kind_has_a_complete_step(void **state)
{
	static const char *const kinds[] = {
		"cpu.hot-function", "cpu.event-loop", "cpu.single-thread", "cpu.throttled",
		"cpu.saturated", "contention.lock", "contention.workers", "io.disk.sync", "io.disk.read", "io.data-loading",
		"io.net.downstream", "io.net.n-plus-one", "io.net.connect", "io.net.nagle",
		"io.net.uncompressed",
		"io.net.payload", "io.blocking-call", "io.db.slow-query", "io.db.missing-index",
		"io.db.n-plus-one", "io.db.over-fetch", "io.redis.n-plus-one", "io.redis.slow-command",
		"contention.db-lock", "memory.leak", "memory.gc", "memory.page-fault", "memory.swap",
		"memory.alloc", "contention.pool", "cpu.contended-host", "contention.stampede",
		"contention.rate-limit", "io.net.retry", "io.net.dns",
		"io.no-cache",
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct run *r = sample();
		add(r, "F1", kinds[i], CLASS_IO, 0.5, NULL);   /* even when the place is unknown */
		plan(r);
		if (r->n_plan == 0)
			fail_msg("no step for %s", kinds[i]);
		const struct run_step *s = &r->plan[0];
		assert_true(s->what && s->apply && s->undo && s->tradeoff && s->then && s->action);
		assert_true(s->effort != LEVEL_NONE && s->risk != LEVEL_NONE);
		run_free(r);
	}
}

static void
a_pool_gets_a_connection_for_each_who_waits(void **state)
{
	struct run *r = sample();
	struct run_peer *p = RUN_ADD(r, peer, r->system.peers, r->system.n_peers);
	p->address = "10.0.0.7:5432";
	p->connections = 2;
	struct run_wait *w = RUN_ADD(r, wait, r->evidence.trace.waits, r->evidence.trace.n_waits);
	w->where = "connection pool 10.0.0.7:5432";
	w->mean_waiters = 4;
	add(r, "F1", "contention.pool", CLASS_CONTENTION, 0.7, w->where);
	plan(r);
	assert_non_null(strstr(r->plan[0].apply, "8 connections instead of 2"));
	run_free(r);
}

static void
asks(struct run *r, const char *peer, double share, double per_request, double waits)
{
	struct run_time *t = &r->evidence.trace.routes[0];
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	struct run_part *p = RUN_ADD(r, part, t->parts, t->n_parts);
	c->peer = p->where = peer;
	c->route = t->route;
	c->calls = 100 * per_request;
	c->per_request = per_request;
	c->seconds = 100 * share;
	p->kind = PART_NET;
	p->seconds = waits;
	add(r, run_printf(r, "F%zu", r->n_findings + 1), "io.net.downstream", CLASS_IO, share, peer)->route = t->route;
}

static size_t
steps_of(const struct run *r, const char *action, const char *what)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n_plan; i++)
		n += !strcmp(r->plan[i].action, action) && strstr(r->plan[i].what, what);
	return n;
}

/* Three servers one after another: two of them can be asked beside the third. */
static void
servers_asked_in_turn_are_asked_at_once(void **state)
{
	static const struct { double per_request, waits; size_t steps; } rows[] = {
		{ 1, 0.3, 1 }, { 1, 0.1, 0 } /* asked beside others already */, { 0.5, 0.3, 0 } /* some requests only */,
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = sample();
		struct run_time *t = RUN_ADD(r, time, r->evidence.trace.routes, r->evidence.trace.n_routes);
		t->route = "/checkout";
		t->scope = "all";
		asks(r, "h:1", 0.4, 1, 0.4);
		asks(r, "h:2", 0.3, rows[i].per_request, rows[i].waits);
		asks(r, "h:3", 0.2, 1, 0.2);
		plan(r);
		assert_int_equal(steps_of(r, "net.parallel", "ask h:2 while h:1 is asked"), rows[i].steps);
		assert_int_equal(steps_of(r, "net.parallel", "ask h:3 while h:1 is asked"), 1);
		assert_int_equal(steps_of(r, "net.parallel", ""), 1 + rows[i].steps);
		assert_int_equal(steps_of(r, "net.cache", ""), 3);
		run_free(r);
	}
}

/* Who configures a server cannot take its compressor off the loop, or rewrite it. */
static void
a_compressor_is_to_compress_less(void **state)
{
	static const struct { const char *kind, *where, *action; } rows[] = {
		{ "cpu.event-loop", "ngx_output_chain (deflate in libz.so.1.2.13)", "compress.less" },
		{ "cpu.hot-function", "BrotliEncoderCompressStream", "compress.less" },
		{ "cpu.hot-function", "parse", "code.function" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run *r = sample();
		add(r, "F1", rows[i].kind, CLASS_CPU, 0.9, rows[i].where);
		plan(r);
		assert_string_equal(r->plan[0].action, rows[i].action);
		run_free(r);
	}
}

static void
a_commit_is_not_rewritten(void **state)
{
	struct run *r = sample();
	add(r, "F1", "io.db.slow-query", CLASS_IO, 0.7, "COMMIT");
	plan(r);
	assert_string_equal(r->plan[0].what, "commit less often");
	assert_non_null(strstr(r->plan[0].tradeoff, "crash"));
	run_free(r);
}

static void
nothing_found_plans_nothing(void **state)
{
	struct run *r = sample();
	add(r, NULL, NULL, CLASS_NONE, NAN, NULL);
	add(r, "F2", "io.unheard-of", CLASS_IO, 0.5, NULL);
	plan(r);
	assert_int_equal(r->n_plan, 0);
	run_free(r);
}

RUN_TESTS(
	cmocka_unit_test(a_third_of_the_time_is_at_most_1_43_times_faster),
	cmocka_unit_test(an_index_is_made_by_prony_where_it_can),
	cmocka_unit_test(an_index_is_exact_sql_with_undo),
	cmocka_unit_test(a_quota_is_raised_and_put_back),
	cmocka_unit_test(steps_accumulate_and_do_not_add_up),
	cmocka_unit_test(one_place_is_won_once),
	cmocka_unit_test(queueing_gain_needs_a_known_limit),
	cmocka_unit_test(cheap_and_large_comes_first),
	cmocka_unit_test(each_kind_has_a_complete_step),
	cmocka_unit_test(a_pool_gets_a_connection_for_each_who_waits),
	cmocka_unit_test(servers_asked_in_turn_are_asked_at_once),
    cmocka_unit_test(a_compressor_is_to_compress_less),
    cmocka_unit_test(a_commit_is_not_rewritten),
	cmocka_unit_test(nothing_found_plans_nothing))

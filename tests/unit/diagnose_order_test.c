/* SPDX-License-Identifier: MIT */
/* Which of several findings comes first, and which are one. */
#include "diagnose/diagnose.h"

#include "check.h"
#include "faults_by_hand.h"
#include "service_by_hand.h"

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

/* A thousand requests each ask a peer, which takes so many seconds. */
static struct run_call *
asks_once(struct run *r, const char *kind, const char *peer, double seconds)
{
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);

	c->kind = kind;
	c->peer = peer;
	c->calls = 1000;
	c->seconds = 1000 * seconds;
	c->per_request = 1;
	return c;
}

/* Each request logs in to its database: what the driver computes for that is no function of the service. */
static void
what_connecting_computes_is_the_connections(void **state)
{
	for (int each = 0; each < 2; each++) {
		struct run *r = service("python");
		r->baseline.cpu = 3.8;
		part(r, PART_CPU, "Registry.session", 0.8);
		part(r, PART_DB, "10.0.0.7:5432", 0.2);
		function(r, "Registry.session", "python", 0.8, true);
		function(r, "connect", "python", 0.8, false)->file = "/usr/lib/python3/dist-packages/psycopg2/__init__.py";
		stack(r, "main;mites;Registry.session;connect", 9);
		stack(r, "main;mites;Registry.session", 1);
		asks_once(r, "postgresql", "10.0.0.7:5432", 0.004)->connects_per_request = each;
		diagnose(r);
		assert_string_equal(r->findings[0].kind, each ? "io.net.connect" : "cpu.hot-function");
		assert_int_equal(finding(r, "cpu.hot-function") == NULL, each);
		run_free(r);
	}
}

/* Nothing in particular keeps the loop busy: what it is asked to do again and again does. */
static void
what_is_repeated_comes_before_the_loop_that_is_busy_with_it(void **state)
{
	struct run *r = repeated(40);
	r->system.processes[0].runtime = "node";
	r->evidence.trace.routes[0].parts[0].share = 0.42;
	r->evidence.trace.routes[0].parts[2].share = 0;
	part(r, PART_CPU, "node", 0.53);
	struct run_thread *t = thread(r, "node", 0.9);
	t->loop = true;
	t->longest_run = 0.002;
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "io.db.n-plus-one");
	assert_true(finding(r, "cpu.event-loop")->confidence < HYPOTHESIS);
	r->evidence.trace.queries[0].per_request = r->evidence.trace.queries[0].most_per_request = 1;
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "cpu.event-loop");
	assert_true(r->findings[0].confidence >= HYPOTHESIS);
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

/* Of a statement that is repeated; else the function that asks is the place. */
static void
what_an_object_mapper_computes_is_the_statements(void **state)
{
	struct run *r = repeated(40);
	struct run_query *q = &r->evidence.trace.queries[0];
	r->baseline.cpu = 3.8;
	r->evidence.trace.routes[0].parts[0].share = 0.1;
	r->evidence.trace.routes[0].parts[2].share = 0;
	part(r, PART_CPU, "is_premium", 0.85);
	function(r, "is_premium", "python", 0.85, true);
	function(r, "QuerySet.get", "python", 0.85, false)->file =
	    "/usr/lib/python3/dist-packages/django/db/models/query.py";
	stack(r, "main;ticket_list;is_premium;QuerySet.get", 1);
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "io.db.n-plus-one");
	assert_null(finding(r, "cpu.hot-function"));
	q->per_request = q->most_per_request = 1;
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "cpu.hot-function");
	assert_string_equal(r->findings[0].where, "is_premium");
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

/* Three workers wait 8 ms each for a peer. When that is as fast alone, they are too few; when it is slower under load,
 * or many ask it, it is the peer. */
static void
few_workers_before_a_peer_with_room(void **state)
{
	static const struct { double alone, throughput; const char *first; } cases[] = {
		{ 0.0085, 340, "contention.workers" }, { 0.004, 340, "io.net.downstream" },
		{ 0.0085, 3400, "io.net.downstream" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run *r = service("java");
		part(r, PART_QUEUE, "executor", 0.66);
		part(r, PART_NET, "10.0.0.9:7001", 0.34);
		wait_for(r, PART_QUEUE, "executor", 2.6);
		held(r, PART_NET, "10.0.0.9:7001", 1);
		asks_once(r, "tcp", "10.0.0.9:7001", 0.008);
		r->evidence.phases[0].throughput = cases[i].throughput;
		struct run_phase *alone = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
		alone->name = "baseline";
		alone->answered = 200;
		alone->service.mean = cases[i].alone;
		diagnose(r);
		assert_int_equal(r->n_findings, 2);
		assert_string_equal(r->findings[0].kind, cases[i].first);
		const struct run_finding *peer = finding(r, "io.net.downstream");
		CHECK_NEAR(peer->share, i ? 1 : 0.34, 0.001);
		r->evidence.phases[0].name = "spike";   /* a record without the traced measurement is judged too */
		diagnose(r);
		assert_string_equal(r->findings[0].kind, "io.net.downstream");
		run_free(r);
	}
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

RUN_TESTS(
	cmocka_unit_test(a_quota_comes_before_the_function),
	cmocka_unit_test(a_loop_and_its_function_are_one_finding),
	cmocka_unit_test(an_index_comes_before_batching),
	cmocka_unit_test(what_blocks_the_workers_comes_before_the_workers),
	cmocka_unit_test(few_workers_before_a_peer_with_room),
	cmocka_unit_test(connecting_each_time_is_told),
	cmocka_unit_test(what_connecting_computes_is_the_connections),
	cmocka_unit_test(what_is_repeated_comes_before_the_loop_that_is_busy_with_it),
	cmocka_unit_test(preparing_statements_is_the_databases_work),
	cmocka_unit_test(what_an_object_mapper_computes_is_the_statements),
	cmocka_unit_test(slow_requests_decide_when_they_are_told_apart),
	cmocka_unit_test(a_leak_is_told_after_the_limit),
	cmocka_unit_test(an_answer_that_could_be_kept_comes_last))

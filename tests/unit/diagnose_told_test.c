/* SPDX-License-Identifier: MIT */
/* What findings say of themselves: evidence, places, how sure they are. */
#include "diagnose/diagnose.h"

#include "check.h"
#include "faults_by_hand.h"
#include "service_by_hand.h"

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

static struct run_call *
connects_each_time(struct run *r, const char *kind, const char *peer)
{
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->kind = kind;
	c->peer = peer;
	c->route = "/";
	c->per_request = c->connects_per_request = 1;
	return c;
}

/* Greeting, password and the server's new process are time with the database that no statement has. */
static void
a_login_a_request_is_the_connections(void **state)
{
	struct run *r = painted(PART_DB, "10.0.0.7:5432", 0.8);
	connects_each_time(r, "postgresql", "10.0.0.7:5432");
	diagnose(r);
	const struct run_finding *f = finding(r, "io.net.connect");
	assert_non_null(f);
	CHECK_NEAR(f->share, 0.8, 0.01);
	run_free(r);
}

/* Where most of the time with a peer is TLS being agreed on, the peer itself is not slow. */
static void
a_handshake_a_request_is_the_connections(void **state)
{
	struct run *r = painted(PART_NET, "10.0.0.7:443", 0.9);
	struct run_call *c = connects_each_time(r, "http", "10.0.0.7:443");
	c->handshakes_per_request = 1;
	c->connecting = 0.8;
	diagnose(r);
	assert_string_equal(r->findings[0].kind, "io.net.connect");
	CHECK_NEAR(r->findings[0].share, 0.72, 0.01);
	assert_non_null(strstr(r->findings[0].evidence[0], "with TLS handshakes"));
	const struct run_finding *f = finding(r, "io.net.downstream");
	assert_non_null(f);
	CHECK_NEAR(f->share, 0.18, 0.01);
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

/* Nothing of the service itself stands out, and each request brings a large answer: who asks for it is the cause. */
static void
a_loop_that_takes_in_a_large_answer_is_a_hypothesis(void **state)
{
	struct run *small = loop(0.95, 0.05, "node"), *large = loop(0.95, 0.05, "node");
	query(small, "SMEMBERS all", 1000, 1, 1)->bytes = 2000;
	query(large, "SMEMBERS all", 1000, 1, 1)->bytes = 400e3;
	diagnose(small);
	diagnose(large);
	CHECK_NEAR(finding(small, "cpu.event-loop")->confidence, 0.95, 0.01);
	CHECK_NEAR(finding(large, "cpu.event-loop")->confidence, 0.55, 0.01);
	assert_non_null(strstr(finding(large, "cpu.event-loop")->against[1], "takes in 391 KiB with SMEMBERS all"));
	run_free(small);
	run_free(large);
}

/* Who is asked, where that is a process here, and how to look into it. */
static void
a_server_of_this_host_is_told_by_its_process(void **state)
{
	struct run *r = painted(PART_NET, "10.0.0.7:80", 0.9);
	struct run_peer *p = RUN_ADD(r, peer, r->system.peers, r->system.n_peers);
	p->kind = "http";
	p->address = "10.0.0.7:80";
	p->process = "php-fpm";
	p->pid = 4711;
	diagnose(r);
	assert_true(says(&r->findings[0], "it is php-fpm (pid 4711) on this host: 'prony check --pid 4711 "));
	run_free(r);

	struct run *own = painted(PART_NET, "127.0.0.1:9000", 0.9);
	struct run_process *worker = RUN_ADD(own, process, own->system.processes, own->system.n_processes);
	worker->name = "gunicorn";
	worker->pid = 4712;
	*ARENA_PUSH(own->arena, worker->ports, worker->n_ports) = 9000;
	diagnose(own);
	assert_true(says(&own->findings[0], "it is gunicorn (pid 4712) on this host"));
	run_free(own);
}

/* The way to what answers behind a proxy and back is no server that is waited for. */
static void
what_is_behind_a_proxy_is_no_downstream(void **state)
{
	static const struct { int64_t behind; double share; bool told; } cases[] = { { 0, 0.3, true }, { 4711, 0.3, false },
		{ 4711, 0.9, true } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run *r = painted(PART_NET, "127.0.0.1:9000", cases[i].share);
		struct run_process *p = RUN_ADD(r, process, r->system.processes, r->system.n_processes);
		p->pid = 4712;
		p->behind = cases[i].behind;
		*ARENA_PUSH(r->arena, p->ports, p->n_ports) = 9000;
		diagnose(r);
		assert_int_equal(finding(r, "io.net.downstream") != NULL, cases[i].told);
		run_free(r);
	}
}

RUN_TESTS(
	cmocka_unit_test(what_is_behind_a_proxy_is_no_downstream),
	cmocka_unit_test(a_loop_that_takes_in_a_large_answer_is_a_hypothesis),
	cmocka_unit_test(a_server_of_this_host_is_told_by_its_process),
	cmocka_unit_test(what_the_engine_does_for_a_function_is_told),
	cmocka_unit_test(a_loader_is_told_by_what_its_workers_do),
	cmocka_unit_test(places_are_told),
	cmocka_unit_test(a_finding_says_where_its_source_is),
	cmocka_unit_test(a_login_a_request_is_the_connections),
	cmocka_unit_test(a_handshake_a_request_is_the_connections),
	cmocka_unit_test(samples_alone_name_the_function),
	cmocka_unit_test(a_starved_service_still_names_its_function),
	cmocka_unit_test(weak_evidence_makes_a_hypothesis),
	cmocka_unit_test(workers_that_wait_for_one_thing_are_less_surely_too_few))

/* SPDX-License-Identifier: MIT */
/* Runs without traced requests, whose threads were looked at instead. */
#include "diagnose/diagnose.h"

#include "check.h"

/* 400 requests a second, each 20 ms: eight are inside at any time. */
static struct run *
service(void)
{
	struct run *r = run_new();
	r->host.cpus = 4;
	struct run_process *p = RUN_ADD(r, process, r->system.processes, r->system.n_processes);
	p->pid = 100;
	p->runtime = "native";
	struct run_phase *ph = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
	ph->name = "trace";
	ph->answered = ph->sent = ph->scheduled = 4000;
	ph->throughput = 400;
	ph->service.mean = 0.02;
	ph->service_cpu = 0.8;
	r->baseline.rate = r->baseline.throughput = 400;
	r->baseline.latency = (struct run_latency){ .mean = 0.02, .p50 = 0.018, .p95 = 0.05, .p99 = 0.08 };
	r->baseline.cpu_per_request = 0.002;
	r->capacity.knee_rate = 450;
	r->capacity.stopped_by = "latency";
	r->evidence.noise = 0.02;
	r->evidence.trace.mode = "proc";
	r->evidence.trace.symbolised = 1;
	return r;
}

static struct run_state *
state(struct run *r, enum run_part_kind kind, const char *where, double threads)
{
	struct run_state *s = RUN_ADD(r, state, r->evidence.trace.states, r->evidence.trace.n_states);
	s->kind = kind;
	s->where = where;
	s->threads = threads;
	return s;
}

static struct run_thread *
thread(struct run *r, double cpu, double blocked)
{
	struct run_thread *t = RUN_ADD(r, thread, r->evidence.trace.threads, r->evidence.trace.n_threads);
	t->pid = 100;
	t->name = "worker";
	t->cpu = cpu;
	t->runqueue = 0;
	t->blocked = blocked;
	return t;
}

static void
threads_at_a_lock_are_a_lock(void **state_)
{
	struct run *r = service();
	state(r, PART_CPU, NULL, 0.8);
	state(r, PART_LOCK, "inventory_lock", 6);
	struct run_wait *w = RUN_ADD(r, wait, r->evidence.trace.waits, r->evidence.trace.n_waits);
	w->kind = PART_LOCK;
	w->where = "inventory_lock";
	w->mean_waiters = 6;
	diagnose(r);
	assert_true(r->n_findings > 0);
	assert_string_equal(r->findings[0].kind, "contention.lock");
	assert_string_equal(r->findings[0].where, "inventory_lock");
	assert_int_equal(r->findings[0].source, SOURCE_ESTIMATED);
	CHECK_NEAR(r->findings[0].share, 6.0 / 8, 0.001);
	run_free(r);
}

/* Two workers that always sit in fsync, and six requests that wait for them: the disk has it all. */
static void
who_waits_for_a_taken_worker_waits_for_what_it_does(void **state_)
{
	struct run *r = service();
	state(r, PART_CPU, NULL, 0.1);
	state(r, PART_DISK, "fsync journal", 1.9);
	thread(r, 0.05, 0.95);
	thread(r, 0.05, 0.95);
	diagnose(r);
	assert_true(r->n_findings > 0);
	assert_string_equal(r->findings[0].kind, "io.disk.sync");
	CHECK_NEAR(r->findings[0].share, 0.95, 0.001);
	run_free(r);
}

/* One worker that always sleeps, and seven requests that wait for it; not where a second one is free at times. */
static void
who_waits_for_a_worker_that_sleeps_waits_for_a_worker(void **state_)
{
	for (int free_at_times = 0; free_at_times < 2; free_at_times++) {
		struct run *r = service();
		state(r, PART_CPU, NULL, 0.03);
		state(r, PART_SLEEP, NULL, 0.95);
		thread(r, 0.03, 0.95);
		thread(r, 0.01, free_at_times ? 0.5 : 0);
		diagnose(r);
		assert_int_equal(r->n_findings, !free_at_times);
		if (r->n_findings) {
			assert_string_equal(r->findings[0].kind, "contention.workers");
			CHECK_NEAR(r->findings[0].share, 7.0 / 8, 0.001);
		}
		run_free(r);
	}
}

/* One of eight waits for a peer, and the loop never rests: the others wait for it, whoever they asked. */
static void
who_is_nowhere_waits_for_a_full_loop(void **state_)
{
	for (int full = 0; full < 2; full++) {
		struct run *r = service();
		r->system.processes[0].runtime = "node";
		state(r, PART_CPU, NULL, 0.9);
		state(r, PART_NET, "10.0.0.7:80", 1);
		thread(r, full ? 0.9 : 0.75, 0)->loop = true;
		diagnose(r);
		assert_true(r->n_findings > 0);
		assert_string_equal(r->findings[0].kind, full ? "cpu.event-loop" : "io.net.downstream");
		if (full)
			CHECK_NEAR(r->findings[0].share, 7.0 / 8, 0.001);
		run_free(r);
	}
}

/* One request of eight has a thread; nobody knows what the others wait for. */
static void
what_no_thread_was_seen_at_stays_unexplained(void **state_)
{
	struct run *r = service();
	state(r, PART_CPU, NULL, 0.2);
	state(r, PART_DISK, "fsync journal", 0.8);
	thread(r, 0.05, 0.2);
	diagnose(r);
	for (size_t i = 0; i < r->n_findings; i++)
		assert_true(r->findings[i].share < 0.2);
	run_free(r);
}

/* Requests that wait where no thread is, and an eye that is shut: that is no health. */
static void
what_is_mostly_unexplained_is_not_healthy(void **state_)
{
	struct run *r = service();
	struct run_eye *waits = RUN_ADD(r, eye, r->eyes, r->n_eyes);
	waits->name = "waits";
	waits->open = true;
	struct run_eye *tls = RUN_ADD(r, eye, r->eyes, r->n_eyes);
	tls->name = "TLS";
	tls->means = "what it encrypts is not seen";
	r->evidence.trace.samples = 300;
	state(r, PART_CPU, NULL, 0.4);
	state(r, PART_OTHER, NULL, 4);
	thread(r, 0.05, 0.2);
	diagnose(r);
	assert_int_equal(r->n_findings, 0);
	assert_null(r->healthy);
	assert_int_equal(r->verdict, VERDICT_INCONCLUSIVE);
	assert_non_null(strstr(r->headline, "95 % of the time is not explained; TLS: what it encrypts is not seen"));
	run_free(r);
}

/* ---- no stack was seen --------------------------------------------------------------------- */

/* Four threads on three full cores, 7 ms of CPU a request; whether waits could be seen. */
static struct run *
computing(bool waits_open, double cpu_per_request)
{
	struct run *r = service();
	struct run_eye *eye = RUN_ADD(r, eye, r->eyes, r->n_eyes);

	eye->name = "waits";
	eye->open = waits_open;
	r->system.processes[0].name = "shop";
	state(r, PART_CPU, NULL, 3.2);
	state(r, PART_RUNQUEUE, NULL, 4);
	r->baseline.cpu_per_request = cpu_per_request;
	r->baseline.cpu = 3.2;
	r->evidence.phases[0].service_cpu = 3.2;
	return r;
}

static void
computing_without_stacks_is_a_hypothesis(void **state_)
{
	struct run *r = computing(true, 0.007);

	diagnose(r);
	assert_true(r->n_findings > 0);
	assert_string_equal(r->findings[0].kind, "cpu.hot-function");
	assert_string_equal(r->findings[0].where, "shop (pid 100)");
	assert_true(r->findings[0].confidence < HYPOTHESIS && r->findings[0].n_against > 0);
	run_free(r);
}

/* What answering costs anybody is no fault, and that nothing is wrong is not said either. */
static void
light_computing_without_stacks_is_not_judged(void **state_)
{
	struct run *r = computing(true, 0.0001), *unseen = computing(false, 0.007);

	diagnose(r);
	assert_int_equal(r->n_findings, 0);
	assert_null(r->healthy);
	assert_int_equal(r->verdict, VERDICT_INCONCLUSIVE);
	assert_non_null(strstr(r->headline, "functions were not seen"));
	diagnose(unseen);
	assert_int_equal(unseen->n_findings, 0);
	assert_non_null(strstr(unseen->headline, "the inside of the service was not seen"));
	run_free(r);
	run_free(unseen);
}

/* ---- peers, by what the kernel counts of the connections to them ---------------------------- */

/* Two connections to a server that only observe knows, both taken for these 10 s. */
static struct run_call *
asks(struct run *r, const char *kind, double calls, double seconds)
{
	struct run_peer *p = RUN_ADD(r, peer, r->system.peers, r->system.n_peers);
	p->kind = kind;
	p->address = "10.0.0.7:7777";
	p->connections = 2;
	r->evidence.trace.seconds = 10;
	struct run_call *c = RUN_ADD(r, call, r->evidence.trace.calls, r->evidence.trace.n_calls);
	c->kind = "tcp";
	c->peer = p->address;
	c->calls = calls;
	c->seconds = seconds;
	c->per_request = calls / 4000;
	state(r, PART_CPU, NULL, 0.3);
	state(r, PART_NET, c->peer, seconds / 10);
	return c;
}

static void
first_is(struct run *r, const char *kind, const char *where)
{
	diagnose(r);
	assert_true(r->n_findings > 0);
	assert_string_equal(r->findings[0].kind, kind);
	assert_string_equal(r->findings[0].where, where);
	run_free(r);
}

static void
brief_questions_on_taken_connections_want_more_of_them(void **state_)
{
	struct run *r = service();
	asks(r, "postgresql", 4000, 19);
	first_is(r, "contention.pool", "connection pool 10.0.0.7:7777");
}

static void
long_questions_on_taken_connections_are_the_database(void **state_)
{
	struct run *r = service();
	asks(r, "postgresql", 400, 19);
	first_is(r, "io.db.slow-query", "10.0.0.7:7777");
}

static void
many_questions_a_request_are_told_by_their_number(void **state_)
{
	struct run *r = service(), *cache = service();
	asks(r, "postgresql", 80000, 10);
	first_is(r, "io.db.n-plus-one", "10.0.0.7:7777");
	asks(cache, "redis", 80000, 10);
	first_is(cache, "io.redis.n-plus-one", "10.0.0.7:7777");
}

static void
a_command_that_takes_long_or_answers_much_is_slow(void **state_)
{
	struct run *slow = service(), *large = service(), *brief = service();
	asks(slow, "redis", 1500, 15);
	first_is(slow, "io.redis.slow-command", "10.0.0.7:7777");
	asks(large, "redis", 4000, 15)->bytes = 400000;
	first_is(large, "io.redis.slow-command", "10.0.0.7:7777");
	asks(brief, "redis", 4000, 15);
	diagnose(brief);
	for (size_t i = 0; i < brief->n_findings; i++)
		assert_string_not_equal(brief->findings[i].kind, "io.redis.slow-command");
	run_free(brief);
}

/* A worker waits a second each time for the next job of a queue: no request takes that long. */
static void
waiting_for_the_next_job_serves_no_request(void **state_)
{
	struct run *r = service();
	asks(r, "redis", 20, 19);
	r->evidence.phases[0].service.p99 = 0.08;
	diagnose(r);
	for (size_t i = 0; i < r->n_findings; i++)
		assert_string_not_equal(r->findings[i].kind, "io.redis.slow-command");
	run_free(r);
}

/* Forty requests wait on two connections over which many questions go at once. */
static void
another_servers_connections_are_taken_by_what_it_does(void **state_)
{
	struct run *r = service();
	asks(r, "http", 4000, 19);
	r->evidence.phases[0].service.mean = 0.1;
	first_is(r, "io.net.downstream", "10.0.0.7:7777");
}

/* ---- statements, as the server tells them --------------------------------------------------- */

static struct run_query *
told(struct run *r, const char *statement, double seconds)
{
	struct run_query *q = RUN_ADD(r, query, r->evidence.trace.queries, r->evidence.trace.n_queries);
	q->engine = "postgresql";
	q->database = "10.0.0.7:7777/shop";
	q->fingerprint = statement;
	q->seconds = seconds;
	return q;
}

static void
statements_have_the_time_at_their_server(void **state_)
{
	struct run *r = service();
	asks(r, "postgresql", 1000, 17);
	told(r, "SELECT * FROM orders", 12);
	told(r, "SELECT ?", 1);
	first_is(r, "io.db.slow-query", "SELECT * FROM orders");
}

static void
statements_that_wait_for_locks_wait_for_rows(void **state_)
{
	struct run *r = service();
	asks(r, "postgresql", 1000, 15);
	told(r, "UPDATE counters SET sold = sold + ?", 12)->released = 0.9;
	first_is(r, "contention.db-lock", "UPDATE counters SET sold = sold + ?");
}

static void
statements_without_number_do_not_hide_many_questions(void **state_)
{
	struct run *r = service();
	asks(r, "postgresql", 80000, 10);
	told(r, "SELECT title FROM articles WHERE id = ?", 9);
	first_is(r, "io.db.n-plus-one", "10.0.0.7:7777");
}

/* ---- memory --------------------------------------------------------------------------------- */

static void
series(struct run *r, const char *name, double mean)
{
	struct run_series *s = RUN_ADD(r, series, r->evidence.series, r->evidence.n_series);
	s->name = name;
	s->mean = mean;
}

static void
faults_have_what_the_kernel_computes(void **state_)
{
	struct run *r = computing(true, 0.007);
	series(r, "service_cpu_system_cores", 2.4);
	series(r, "service_minor_faults_per_second", 3e6);
	first_is(r, "memory.page-fault", "page faults");
	struct run *node = computing(true, 0.007);
	node->system.processes[0].runtime = "node";
	series(node, "service_cpu_system_cores", 2.4);
	series(node, "service_minor_faults_per_second", 3e6);
	diagnose(node);
	for (size_t i = 0; i < node->n_findings; i++)
		assert_string_not_equal(node->findings[i].kind, "memory.page-fault");
	run_free(node);
}

/* The machine stood still for half of the time; who had to wait for that seemed to be at a lock. */
static void
pauses_are_the_collectors(void **state_)
{
	struct run *r = service();
	struct run_gc *gc = RUN_ADD(r, gc, r->evidence.trace.gc, r->evidence.trace.n_gc);
	gc->pid = 100;
	gc->runtime = "java";
	gc->collections = 100;
	gc->seconds = 5;
	r->system.processes[0].runtime = "java";
	r->evidence.trace.seconds = 10;
	thread(r, 0.9, 0)->name = "GC Thread#0";
	state(r, PART_CPU, NULL, 1.1);
	state(r, PART_LOCK, "lock in history", 4);
	first_is(r, "memory.gc", "garbage collector of java");
}

RUN_TESTS(cmocka_unit_test(computing_without_stacks_is_a_hypothesis),
    cmocka_unit_test(light_computing_without_stacks_is_not_judged),
    cmocka_unit_test(threads_at_a_lock_are_a_lock),
    cmocka_unit_test(who_waits_for_a_taken_worker_waits_for_what_it_does),
    cmocka_unit_test(who_waits_for_a_worker_that_sleeps_waits_for_a_worker),
    cmocka_unit_test(who_is_nowhere_waits_for_a_full_loop),
    cmocka_unit_test(what_no_thread_was_seen_at_stays_unexplained),
    cmocka_unit_test(brief_questions_on_taken_connections_want_more_of_them),
    cmocka_unit_test(long_questions_on_taken_connections_are_the_database),
    cmocka_unit_test(many_questions_a_request_are_told_by_their_number),
    cmocka_unit_test(a_command_that_takes_long_or_answers_much_is_slow),
    cmocka_unit_test(waiting_for_the_next_job_serves_no_request),
    cmocka_unit_test(another_servers_connections_are_taken_by_what_it_does),
    cmocka_unit_test(statements_have_the_time_at_their_server),
    cmocka_unit_test(statements_that_wait_for_locks_wait_for_rows),
    cmocka_unit_test(statements_without_number_do_not_hide_many_questions),
    cmocka_unit_test(faults_have_what_the_kernel_computes),
    cmocka_unit_test(pauses_are_the_collectors),
    cmocka_unit_test(what_is_mostly_unexplained_is_not_healthy))

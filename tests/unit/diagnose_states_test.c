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

RUN_TESTS(cmocka_unit_test(computing_without_stacks_is_a_hypothesis),
    cmocka_unit_test(light_computing_without_stacks_is_not_judged),
    cmocka_unit_test(threads_at_a_lock_are_a_lock),
    cmocka_unit_test(who_waits_for_a_taken_worker_waits_for_what_it_does),
    cmocka_unit_test(who_waits_for_a_worker_that_sleeps_waits_for_a_worker),
    cmocka_unit_test(what_no_thread_was_seen_at_stays_unexplained),
    cmocka_unit_test(what_is_mostly_unexplained_is_not_healthy))

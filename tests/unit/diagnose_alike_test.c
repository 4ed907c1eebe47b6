/* SPDX-License-Identifier: MIT */
/* What looks like a defect and is none. */
#include "diagnose/diagnose.h"

#include "check.h"
#include "faults_by_hand.h"
#include "service_by_hand.h"

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

/* Two processes set something up, each once, and a line through that rises. */
static void
two_steps_are_no_leak(void **state)
{
	struct run *r = leak();
	struct run_series *s = &r->evidence.series[r->evidence.n_series - 1];

	assert_string_equal(s->name, "service_rss_bytes");
	r->evidence.phases[0].started = 0;
	r->evidence.phases[0].seconds = 10;
	for (size_t i = 0; i < s->n_points; i++)
		s->points[i] = 6e7 + (i > s->n_points / 2 ? 2e5 : 0) + (i > 3 * s->n_points / 4 ? 2e5 : 0);
	diagnose(r);
	assert_null(finding(r, "memory.leak"));
	assert_true(ruled_out(r, "memory.leak"));
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

/* What a leak is kept in has to be brought in; only pages that come and go cost more than the memory. */
static void
pages_that_stay_are_growth(void **state)
{
	for (int stay = 0; stay < 2; stay++) {
		struct run *r = growing(2e6, 1);
		part(r, PART_FAULT, NULL, 0.3);
		series(r, "service_minor_faults_per_second", stay ? 520 : 5200);
		diagnose(r);
		assert_string_equal(r->findings[0].kind, stay ? "memory.leak" : "memory.page-fault");
		assert_int_equal(ruled_out(r, "memory.page-fault"), stay);
		run_free(r);
	}
}

/* Pages that V8 gave back hide what is kept: its full collections tell, whatever resident memory does. */
static void
what_collections_leave_is_a_leak(void **state)
{
	static const struct { double middle, last; bool leak; } cases[] = {
		{ 46e6, 52e6, true }, { 41e6, 42e6, false }, { 39e6, 38e6, false }, { 52e6, 45e6, false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run *r = growing(-1e5, 1);
		struct run_trace *t = &r->evidence.trace;
		struct run_gc *gc = RUN_ADD(r, gc, t->gc, t->n_gc);
		part(r, PART_GC, NULL, 0.15);
		t->seconds = 10;
		r->system.processes[0].runtime = gc->runtime = "node";
		gc->seconds = 0.04;
		r->evidence.phases[0].started = 5;
		r->evidence.phases[0].seconds = 10;
		r->evidence.phases[0].answered = 3000;
		struct run_phase *warm = RUN_ADD(r, phase, r->evidence.phases, r->evidence.n_phases);
		warm->name = "warm-up";
		warm->started = 0;
		warm->seconds = 5;
		warm->answered = 10000;
		*RUN_ADD(r, kept, gc->kept, gc->n_kept) = (struct run_kept){ -5, 0 };
		*RUN_ADD(r, kept, gc->kept, gc->n_kept) = (struct run_kept){ 0, 40e6 };
		*RUN_ADD(r, kept, gc->kept, gc->n_kept) = (struct run_kept){ 5, cases[i].middle };
		*RUN_ADD(r, kept, gc->kept, gc->n_kept) = (struct run_kept){ 10, cases[i].last };
		diagnose(r);
		assert_string_equal(r->findings[0].kind, cases[i].leak ? "memory.leak" : "memory.gc");
		assert_true(ruled_out(r, cases[i].leak ? "memory.gc" : "memory.leak"));
		run_free(r);
	}
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

RUN_TESTS(
	cmocka_unit_test(the_kernels_work_is_no_hot_function),
	cmocka_unit_test(free_workers_are_not_too_few),
	cmocka_unit_test(filling_caches_are_no_leak), cmocka_unit_test(two_steps_are_no_leak),
	cmocka_unit_test(a_java_heap_that_fills_is_no_leak), cmocka_unit_test(what_collections_leave_is_a_leak),
	cmocka_unit_test(pages_that_stay_are_growth),
	cmocka_unit_test(a_proxy_that_outruns_the_generator_is_healthy),
	cmocka_unit_test(time_in_front_of_the_service_is_not_its_fault),
	cmocka_unit_test(what_was_not_seen_is_not_judged))

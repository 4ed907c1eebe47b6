/* SPDX-License-Identifier: MIT */
/* Targets, and refusals to conclude. */
#include "diagnose/diagnose.h"

#include "base/arena.h"
#include "check.h"
#include "faults_by_hand.h"
#include "service_by_hand.h"

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

RUN_TESTS(
	cmocka_unit_test(targets_are_judged),
	cmocka_unit_test(a_price_is_not_judged),
	cmocka_unit_test(too_close_is_inconclusive),
	cmocka_unit_test(met_with_ease_is_left_alone),
	cmocka_unit_test(no_conclusion_without_a_measurement))

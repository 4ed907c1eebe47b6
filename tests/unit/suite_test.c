/* SPDX-License-Identifier: MIT */
#include "load/suite.h"
#include "check.h"

static void
the_way_it_gave_way_is_named(void **state)
{
	static const struct {
		const char *label;
		struct run_phase p;
		const char *missed;
		bool gone;
		enum run_failure wanted;
	} rows[] = {
		{ "all well", { .sent = 1000, .answered = 1000, .throughput = 500 }, NULL, false,
		  FAILURE_NONE },
		{ "a few errors", { .sent = 1000, .errors = 10, .error_status = 10, .throughput = 500 },
		  NULL, false, FAILURE_NONE },
		{ "a queue", { .sent = 1000, .answered = 800, .in_flight = 200, .throughput = 400 },
		  "throughput", false, FAILURE_QUEUE },
		{ "slow", { .sent = 1000, .answered = 1000, .throughput = 500 }, "latency", false,
		  FAILURE_QUEUE },
		{ "sheds load", { .sent = 1000, .errors = 300, .error_status = 300, .throughput = 350 },
		  "errors", false, FAILURE_ERRORS },
		{ "wrong answers", { .sent = 1000, .errors = 300, .error_expect = 300,
		    .throughput = 350 }, "errors", false, FAILURE_ERRORS },
		{ "resets", { .sent = 1000, .errors = 300, .error_reset = 200, .error_status = 100,
		    .throughput = 350 }, "errors", false, FAILURE_REFUSED },
		{ "refuses", { .sent = 1000, .errors = 300, .error_connect = 150, .error_closed = 150,
		    .throughput = 350 }, "errors", false, FAILURE_REFUSED },
		{ "times out", { .sent = 1000, .timeouts = 300, .errors = 100, .error_status = 100,
		    .throughput = 350 }, "errors", false, FAILURE_TIMEOUTS },
		{ "hangs", { .sent = 300, .answered = 20, .in_flight = 280, .throughput = 10 },
		  "throughput", false, FAILURE_TIMEOUTS },
		{ "died", { .sent = 1000, .errors = 600, .error_reset = 600, .throughput = 100 },
		  "errors", true, FAILURE_CRASH },
		{ "no fault of the service", { .sent = 1000, .throughput = 100,
		    .generator_limited = true }, "throughput", false, FAILURE_GENERATOR },
		{ "held in spite of the generator", { .sent = 1000, .throughput = 500,
		    .generator_limited = true }, NULL, false, FAILURE_NONE },
		{ "died beside a busy generator", { .sent = 10, .generator_limited = true }, "errors",
		  true, FAILURE_CRASH },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum run_failure f = suite_failure(&rows[i].p, rows[i].missed, rows[i].gone, 500);
		if (f != rows[i].wanted)
			fail_msg("%s: failure %d, wanted %d", rows[i].label, f, rows[i].wanted);
	}
	assert_true(suite_is_broken(FAILURE_ERRORS) && suite_is_broken(FAILURE_CRASH));
	assert_true(!suite_is_broken(FAILURE_NONE) && !suite_is_broken(FAILURE_QUEUE));
}

/* ---- recovery ---- */

static const struct suite_normal normal = {
	.rate = 100, .p99_allowed = 0.1, .errors_allowed = 0.01,
};

#define GOOD { 0.02, 100, 0 }
#define SICK { NAN, 0, 100 }
#define SLOW { 0.5, 100, 0 }
#define FEW  { 0.02, 20, 0 }
#define HALF { 0.02, 50, 50 }

static void
recovery_is_three_good_seconds(void **state)
{
	static const struct {
		const char *label;
		struct suite_second seconds[12];
		size_t n;
		double wanted;
	} rows[] = {
		{ "never ill", { GOOD, GOOD, GOOD }, 3, 0 },
		{ "too short to tell", { GOOD, GOOD }, 2, NAN },
		{ "nothing", { GOOD }, 0, NAN },
		{ "seven seconds of errors", { SICK, SICK, SICK, SICK, SICK, SICK, SICK, GOOD, GOOD, GOOD },
		  10, 7 },
		{ "and half a second", { SICK, SICK, HALF, GOOD, GOOD, GOOD }, 6, 2.5 },
		{ "slow, and the moment unknown", { SLOW, SLOW, GOOD, GOOD, GOOD }, 5, 1.5 },
		{ "answers too few", { FEW, FEW, FEW, GOOD, GOOD, GOOD }, 6, 2.5 },
		{ "a relapse", { SICK, GOOD, GOOD, SICK, GOOD, GOOD, GOOD }, 7, 4 },
		{ "one slow second is spared", { SICK, GOOD, GOOD, SLOW, GOOD }, 5, 1 },
		{ "two are not", { SICK, GOOD, SLOW, GOOD, SLOW, GOOD, GOOD, GOOD }, 8, 4.5 },
		{ "not within it", { SICK, SICK, GOOD, GOOD }, 4, NAN },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double at = suite_recovery(rows[i].seconds, rows[i].n, &normal);
		if (isnan(rows[i].wanted) ? !isnan(at) : !(fabs(at - rows[i].wanted) < 1e-9))
			fail_msg("%s: %g, wanted %g", rows[i].label, at, rows[i].wanted);
	}
}

/* The spread of a random arrival process is no illness, at any rate. */
static void
chance_is_no_illness(void **state)
{
	static const double rates[] = { 4, 30, 100, 5000 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct suite_normal n = { rates[i], 0.1, 0.01 };
		double low = fmax(1, rates[i] - 3 * sqrt(rates[i]));
		struct suite_second s = { 0.02, low, 0 };
		CHECK_NEAR(suite_recovery((struct suite_second[]){ s, s, s }, 3, &n), 0, 0);
		s.answered = rates[i] / 2;
		s.errors = rates[i] / 2;
		assert_true(isnan(suite_recovery((struct suite_second[]){ s, s, s }, 3, &n)));
	}
}

static void
normal_is_learnt_from_a_phase(void **state)
{
	double seconds[] = { 0.010, NAN, 0.200, 0.020 };
	struct run_phase p = {
		.rate = 70, .sent = 1000, .errors = 5, .timeouts = 5, .latency.p99 = 0.030,
		.latency_by_second = seconds, .n_latency_by_second = 4,
	};

	struct suite_normal n = suite_normal(&p);
	CHECK_NEAR(n.rate, 70, 0);
	CHECK_NEAR(n.p99_allowed, 0.400, 1e-9);
	CHECK_NEAR(n.errors_allowed, 0.02, 1e-9);
	p.n_latency_by_second = 1;
	CHECK_NEAR(suite_normal(&p).p99_allowed, 0.080, 1e-9);
}

/* ---- drift ---- */

static void
drift_is_told_from_chance(void **state)
{
	double p99[30];

	for (int i = 0; i < 30; i++)
		p99[i] = 0.010 + 0.0005 * i + (i % 3 ? 0.0002 : -0.0002);
	struct suite_drift d = suite_drift(p99, 30);
	assert_true(d.grows && d.low > 0 && d.low < d.per_minute && d.per_minute < d.high);
	CHECK_NEAR(d.per_minute, 0.03 / 0.0175, 0.1);
	for (int i = 0; i < 30; i++)
		p99[i] = 0.010 + (i * 7 % 5) * 0.001;
	assert_true(!suite_drift(p99, 30).grows);
	for (int i = 0; i < 30; i++)
		p99[i] = 0.010 + 0.00001 * i;      /* certain, and too little to matter */
	assert_true(!suite_drift(p99, 30).grows);
	p99[0] = 5;                            /* the first second makes the connections */
	assert_true(!suite_drift(p99, 30).grows);
	assert_true(isnan(suite_drift(p99, 3).per_minute));
	assert_true(isnan(suite_drift(p99, 0).per_minute));
}

RUN_TESTS(cmocka_unit_test(the_way_it_gave_way_is_named), cmocka_unit_test(recovery_is_three_good_seconds),
    cmocka_unit_test(chance_is_no_illness), cmocka_unit_test(normal_is_learnt_from_a_phase),
    cmocka_unit_test(drift_is_told_from_chance))

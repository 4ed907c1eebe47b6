/* SPDX-License-Identifier: MIT */
#include "load/promise.h"
#include "check.h"

/* n latencies, each of `seconds`. */
static void
add(struct histogram *h, int64_t n, double seconds)
{
	histogram_record_n(h, (int64_t)(seconds * 1e9), n);
}

static struct spec *
spec_of(const char *targets)
{
	struct spec *s = spec_new();
	struct err e = { 0 };

	if (*targets)
		assert_int_equal(spec_target(s, targets, &e), 0);
	return s;
}

/* A second at 1000/s in which `failed` fail, `open` are under way at its end, and the share `slow`
 * of the latencies is 300 ms, the others 10 ms. */
static const char *
missed_by(const char *targets, bool exact, int64_t failed, int64_t open, double slow)
{
	struct spec *s = spec_of(targets);
	struct promise promise = { s, 0.005, 0.008, exact };
	struct run_phase p = {
		.rate = 1000, .seconds = 1, .scheduled = 1000, .sent = 1000, .errors = failed,
		.throughput = (double)(1000 - failed - open),
	};
	struct histogram h = { 0 };

	add(&h, (int64_t)(1000 * (1 - slow)), 0.010);
	add(&h, (int64_t)(1000 * slow), 0.300);
	const char *missed = promise_missed_by(&promise, &p, &h, 1000000000);
	histogram_done(&h);
	spec_free(s);
	return missed ? missed : "held";
}

static void
a_phase_is_held_to_what_is_promised(void **state)
{
	static const struct {
		const char *targets;
		bool exact;
		int64_t failed, open;
		double slow;
		const char *wanted;
	} rows[] = {
		{ "", false, 0, 0, 0, "held" },
		{ "", false, 10, 0, 0, "held" },
		{ "", false, 40, 0, 0, "errors" },
		{ "errors<0.1%", false, 3, 0, 0, "held" },          /* chance explains three for one */
		{ "errors<0.1%", false, 4, 0, 0, "errors" },
		{ "availability>99.9%", false, 10, 0, 0, "errors" },
		{ "", false, 0, 20, 0, "held" },
		{ "", false, 0, 100, 0, "throughput" },
		{ "", false, 0, 0, 0.2, "latency" },                /* ten times 8 ms is allowed */
		{ "p99<400ms", false, 0, 0, 0.2, "held" },
		{ "p99<200ms", false, 0, 0, 0.2, "latency" },
		{ "p99<200ms", false, 0, 0, 0.012, "held" },        /* so many may be chance */
		{ "p99<200ms", true, 0, 0, 0.012, "latency" },      /* and count by their value */
		{ "p99<200ms", true, 0, 0, 0.008, "held" },
		{ "p50<200ms,mean<20ms", false, 0, 0, 0.2, "latency" },
		{ "p50<200ms,mean<90ms", false, 0, 0, 0.2, "held" },
		{ "p99<1s", false, 0, 90, 0.9, "throughput" },
		{ "p99<1s", true, 0, 90, 0.9, "held" },             /* a queue that stands */
		{ "p99<1s", true, 0, 900, 0.9, "throughput" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *by = missed_by(rows[i].targets, rows[i].exact, rows[i].failed, rows[i].open,
		    rows[i].slow);
		if (strcmp(by, rows[i].wanted) != 0)
			fail_msg("row %zu '%s': %s, wanted %s", i, rows[i].targets, by, rows[i].wanted);
	}
}

static void
enough_is_known_when_the_interval_leaves_the_limit(void **state)
{
	static const struct {
		int64_t fast, slow;
		bool decided, missed;
	} rows[] = {
		{ 0, 0, false, false }, { 100, 0, false, false }, { 1000, 0, true, false },
		{ 990, 10, false, false }, { 9990, 10, true, false }, { 980, 60, true, true },
		{ 0, 50, true, true },
	};

	struct spec *s = spec_of("p99<200ms,errors<1%");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct promise promise = { s, 0.005, 0.008, true };
		struct histogram h = { 0 };
		bool missed;
		if (rows[i].fast)
			add(&h, rows[i].fast, 0.010);
		if (rows[i].slow)
			add(&h, rows[i].slow, 0.300);
		bool decided = promise_decided(&promise, &h, &missed);
		if (decided != rows[i].decided || missed != rows[i].missed)
			fail_msg("row %zu: decided %d, missed %d", i, decided, missed);
		histogram_done(&h);
	}
	spec_free(s);
}

static void
the_highest_latency_promised_is_known(void **state)
{
	struct spec *s = spec_of("p50<20ms,p99<500ms,errors<0.1%");
	struct promise promise = { s, 0.005, 0.008, false };
	CHECK_NEAR(promise_latency(&promise), 0.5, 1e-9);
	CHECK_NEAR(promise_errors(&promise), 0.001, 1e-9);
	spec_free(s);
	promise.spec = s = spec_of("");
	CHECK_NEAR(promise_latency(&promise), 0.080, 1e-9);
	CHECK_NEAR(promise_errors(&promise), 0.01, 1e-9);
	spec_free(s);
}

RUN_TESTS(cmocka_unit_test(a_phase_is_held_to_what_is_promised),
    cmocka_unit_test(enough_is_known_when_the_interval_leaves_the_limit),
    cmocka_unit_test(the_highest_latency_promised_is_known))

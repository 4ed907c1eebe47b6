/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "trace/pace.h"
#include "check.h"

/* Seconds recorded, of `seconds`, by a service that makes `rate` records a second. */
static double
recorded(double rate, size_t max, int seconds, size_t *ret_records)
{
	struct pace p = { .horizon = 30 * NS_PER_S };
	double open = 0, records = 0;
	const int64_t tick = 20 * NS_PER_MS;
	for (int64_t now = NS_PER_S; now < (seconds + 1) * NS_PER_S; now += tick) {
		pace_step(&p, now, (size_t)records, max);
		if (p.open) {
			open += ns_to_s(tick);
			records += rate * ns_to_s(tick);
		}
	}
	*ret_records = (size_t)records;
	return open;
}

static void
a_quiet_service_is_recorded_without_a_break(void **state)
{
	size_t n;
	CHECK_NEAR(recorded(1000, 200000, 30, &n), 30, 0.1);
}

static void
a_busy_service_is_recorded_to_the_end(void **state)
{
	size_t n;
	double open = recorded(100000, 200000, 30, &n);
	assert_true(n <= 210000);
	assert_true(open > 1 && open < 2.2);

	struct pace p = { 0 };
	assert_int_equal(pace_step(&p, NS_PER_S, 0, 200000), PACE_OPEN);
	assert_int_equal(pace_step(&p, NS_PER_S + NS_PER_MS, 100, 200000), PACE_GO_ON);
	assert_int_equal(pace_step(&p, 2 * NS_PER_S, 100000, 200000), PACE_CLOSE);
	assert_int_equal(pace_step(&p, 3 * NS_PER_S, 100000, 200000), PACE_GO_ON);
	assert_int_equal(pace_step(&p, 60 * NS_PER_S, 100000, 200000), PACE_OPEN);
}

static void
a_very_busy_service_gets_many_short_windows(void **state)
{
	struct pace p = { .horizon = 10 * NS_PER_S };
	assert_int_equal(pace_step(&p, NS_PER_S, 0, 160000), PACE_OPEN);
	assert_int_equal(pace_step(&p, NS_PER_S + NS_PER_S / 10, 16000, 160000), PACE_GO_ON);
	assert_int_equal(pace_step(&p, NS_PER_S + NS_PER_S / 5, 32000, 160000), PACE_CLOSE);
	CHECK_NEAR(ns_to_s(p.pause), 2.3, 0.1);
}

static void
a_flood_ends_its_window_early(void **state)
{
	struct pace p = { 0 };
	assert_int_equal(pace_step(&p, NS_PER_S, 0, 1000), PACE_OPEN);
	assert_int_equal(pace_step(&p, NS_PER_S + NS_PER_S / 4, 900, 1000), PACE_CLOSE);
	assert_int_equal(pace_step(&p, 60 * NS_PER_S, 1000, 1000), PACE_GO_ON);
}

/* However much room there is. */
static void
a_window_that_was_cut_has_ended(void **state)
{
	struct pace p = { 0 };
	assert_int_equal(pace_step(&p, NS_PER_S, 0, 200000), PACE_OPEN);
	p.cut = true;
	assert_int_equal(pace_step(&p, NS_PER_S + NS_PER_S / 10, 10, 200000), PACE_CLOSE);
	CHECK_NEAR(ns_to_s(p.pause), 0.1, 0.001);
	p.cut = false;
	assert_int_equal(pace_step(&p, NS_PER_S + NS_PER_S / 5, 10, 200000), PACE_OPEN);
	assert_int_equal(pace_step(&p, NS_PER_S + NS_PER_S / 2, 20, 200000), PACE_GO_ON);
}

static void
what_costs_too_much_gets_pauses(void **state)
{
	struct pace p = { .excess = 1 };
	assert_int_equal(pace_step(&p, NS_PER_S, 0, 200000), PACE_OPEN);
	assert_int_equal(pace_step(&p, 2 * NS_PER_S, 1000, 200000), PACE_GO_ON);
	p.excess = 6;                            /* but long requests have to fit into a window */
	assert_int_equal(pace_step(&p, 2 * NS_PER_S + NS_PER_S / 2, 1500, 200000), PACE_GO_ON);
	assert_int_equal(pace_step(&p, 3 * NS_PER_S, 2000, 200000), PACE_CLOSE);
	CHECK_NEAR(ns_to_s(p.pause), 5, 0.001);
	assert_int_equal(pace_step(&p, 7 * NS_PER_S, 2000, 200000), PACE_GO_ON);
	assert_int_equal(pace_step(&p, 8 * NS_PER_S, 2000, 200000), PACE_OPEN);
}

/* Dear probes that stay in a short pause cost as much in it. */
static void
a_pause_is_long_enough_to_be_one(void **state)
{
	struct pace p = { .pause_least = NS_PER_S };
	assert_int_equal(pace_step(&p, NS_PER_S, 0, 200000), PACE_OPEN);
	p.excess = 1.5;
	assert_int_equal(pace_step(&p, 2 * NS_PER_S, 1000, 200000), PACE_CLOSE);
	CHECK_NEAR(ns_to_s(p.pause), 1, 0.001);
	assert_int_equal(pace_step(&p, 3 * NS_PER_S, 1000, 200000), PACE_OPEN);
	p.excess = 4;
	assert_int_equal(pace_step(&p, 4 * NS_PER_S, 2000, 200000), PACE_CLOSE);
	CHECK_NEAR(ns_to_s(p.pause), 3, 0.001);
}

RUN_TESTS(cmocka_unit_test(a_quiet_service_is_recorded_without_a_break),
    cmocka_unit_test(a_busy_service_is_recorded_to_the_end),
    cmocka_unit_test(a_very_busy_service_gets_many_short_windows),
    cmocka_unit_test(a_flood_ends_its_window_early), cmocka_unit_test(a_window_that_was_cut_has_ended),
    cmocka_unit_test(what_costs_too_much_gets_pauses),
    cmocka_unit_test(a_pause_is_long_enough_to_be_one))

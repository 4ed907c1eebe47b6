/* SPDX-License-Identifier: MIT */
#include "stats/bootstrap.h"
#include "base/random.h"
#include "check.h"

#define MS INT64_C(1000000)

/* A second whose values lie between `from` and `from` + 1 ms, evenly. */
static void
add_second(struct bootstrap *b, int64_t from, int n)
{
	struct histogram h = { 0 };
	for (int i = 0; i < n; i++)
		histogram_record(&h, from + MS * i / n);
	bootstrap_add(b, &h);
	histogram_done(&h);
}

static void
few_blocks_say_nothing(void **state)
{
	struct bootstrap b = { 0 };
	struct interval none = bootstrap_quantile(&b, 0.99, 1);

	assert_true(isnan(none.value) && isnan(none.low) && isnan(none.high));
	for (int i = 0; i + 1 < BOOTSTRAP_BLOCKS_MIN; i++)
		add_second(&b, MS, 100);
	none = bootstrap_quantile(&b, 0.99, 1);
	CHECK_NEAR(none.value, 1.99e6, 0.02e6);
	assert_true(isnan(none.low) && isnan(none.high));
	bootstrap_done(&b);
}

static void
the_value_is_that_of_all(void **state)
{
	struct bootstrap b = { 0 };
	for (int i = 0; i < 20; i++)
		add_second(&b, MS * (1 + (int64_t)(random_at(3, (uint64_t)i) % 9)), 50 + i);
	struct interval all = bootstrap_quantile(&b, 0.5, 9), again = bootstrap_quantile(&b, 0.5, 9);

	struct histogram h = { 0 };
	for (size_t i = 0; i < b.n; i++)
		histogram_merge(&h, &b.blocks[i]);
	CHECK_NEAR(all.value / histogram_quantile(&h, 0.5), 1, 0.005);
	assert_true(all.low < all.value && all.value < all.high);
	assert_true(all.low == again.low && all.high == again.high);
	histogram_done(&h);
	bootstrap_done(&b);
}

/* One second of twenty holds all that is slow: another run may have none of it, or twice as much. */
static void
a_burst_makes_it_wide(void **state)
{
	struct bootstrap even = { 0 }, burst = { 0 };
	for (int i = 0; i < 20; i++) {
		add_second(&even, MS, 1000);
		add_second(&burst, i == 7 ? 100 * MS : MS, 1000);
	}
	struct interval narrow = bootstrap_quantile(&even, 0.99, 1), wide = bootstrap_quantile(&burst, 0.99, 1);
	assert_true(narrow.high / narrow.low < 1.02);
	assert_true(wide.low < 3 * MS && wide.high > 100 * MS);
	bootstrap_done(&even);
	bootstrap_done(&burst);
}

static void
long_runs_stay_within_bounds(void **state)
{
	struct bootstrap b = { 0 };
	int64_t stretches = 0, values = 0;
	for (int i = 0; i < 1000; i++)
		add_second(&b, MS, 10);
	assert_true(b.n <= BOOTSTRAP_BLOCKS_MAX && b.n > BOOTSTRAP_BLOCKS_MAX / 4);
	for (size_t i = 0; i < b.n; i++) {
		stretches += b.length[i];
		values += b.blocks[i].count;
		assert_true(b.length[i] == b.full || i + 1 == b.n);
	}
	assert_int_equal(stretches, 1000);
	assert_int_equal(values, 10000);
	bootstrap_done(&b);
}

/* A slow and a quick half: the seconds know each other, and far fewer of them count. */
static void
what_lasts_is_joined(void **state)
{
	struct bootstrap b = { 0 };
	for (int i = 0; i < 32; i++)
		add_second(&b, i % 16 < 8 ? MS : 20 * MS, 100);
	bootstrap_quantile(&b, 0.5, 1);
	assert_true(b.n < 32 && b.n >= BOOTSTRAP_BLOCKS_MIN);
	bootstrap_done(&b);
}

RUN_TESTS(cmocka_unit_test(few_blocks_say_nothing), cmocka_unit_test(the_value_is_that_of_all),
    cmocka_unit_test(a_burst_makes_it_wide), cmocka_unit_test(long_runs_stay_within_bounds),
    cmocka_unit_test(what_lasts_is_joined))

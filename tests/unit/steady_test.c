/* SPDX-License-Identifier: MIT */
#include "base/random.h"
#include "stats/steady.h"
#include "check.h"

enum { N = 60 };

/* A level of 10 with a little noise, and something on top in front. */
static void
series(double y[N], double on_top, size_t until)
{
	for (size_t i = 0; i < N; i++)
		y[i] = 10 + 0.2 * random_unit(random_at(5, i)) + (i < until ? on_top : 0);
}

/* White, Cobb & Spratt: the truncation that leaves the mean with the least standard error. */
static void
warm_up_is_dropped(void **state)
{
	double y[N];

	series(y, 0, 0);
	assert_true(steady_mser5(y, N) <= N / 2);
	series(y, 5, 12);
	assert_int_equal(steady_mser5(y, N), 15);
	series(y, -5, 15);
	assert_int_equal(steady_mser5(y, N), 15);
}

static void
what_never_settles_is_said(void **state)
{
	double y[N];

	series(y, 5, 35);
	assert_int_equal(steady_mser5(y, N), N);
	assert_int_equal(steady_mser5(y, 9), 9);
	for (size_t i = 0; i < N; i++)
		y[i] = (double)i;
	/* However short: to drop half of it always leaves less to vary. */
	for (size_t n = 0; n <= N; n++)
		assert_int_equal(steady_mser5(y, n), n);
	assert_int_equal(steady_three(y + 1, N - 1, 0.02), N - 1);
}

/* By hand: the batch means are 9, 5, 5, 5; dropping one leaves nothing to vary. */
static void
by_hand(void **state)
{
	static const double y[20] = { 9, 9, 9, 9, 9, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 };
	static const double falling[] = { 200, 150, 120, 101, 100, 101.5, 140 };

	assert_int_equal(steady_mser5(y, 20), 5);
	assert_int_equal(steady_three(falling, 7, 0.02), 3);
	assert_int_equal(steady_three(falling, 7, 0.01), 7);
	assert_int_equal(steady_three(falling, 2, 0.5), 2);
}

RUN_TESTS(cmocka_unit_test(warm_up_is_dropped), cmocka_unit_test(what_never_settles_is_said),
    cmocka_unit_test(by_hand))

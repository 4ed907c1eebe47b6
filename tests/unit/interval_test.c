/* SPDX-License-Identifier: MIT */
#include "stats/interval.h"
#include "stats/slope.h"
#include "check.h"
#include "ks.h"

static uint64_t random_state = 7;

static double
uniform(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(random_state >> 11) * 0x1p-53;
}

static double
normal(void)
{
	return sqrt(-2 * log1p(-uniform())) * cos(2 * M_PI * uniform());
}

/* Each interval must hold the truth in about 95 of 100 tries. */
static void
intervals_cover(void **state)
{
	enum { TRIES = 400 };
	int quantile = 0, blocks = 0;

	for (int i = 0; i < TRIES; i++) {
		struct histogram h = { 0 };
		double means[10] = { 0 };
		for (int k = 0; k < 1000; k++)
			histogram_record(&h, (int64_t)(-log1p(-uniform()) * 1e6));
		for (int k = 0; k < 10; k++)
			for (int n = 0; n < 20; n++)
				means[k] += uniform() / 20;
		struct interval q = interval_quantile(&h, 0.95), b = interval_blocks(means, 10);
		quantile += q.low <= -log(0.05) * 1e6 && -log(0.05) * 1e6 <= q.high;
		blocks += b.low <= 0.5 && 0.5 <= b.high;
		histogram_done(&h);
	}
	CHECK_NEAR((double)quantile / TRIES, 0.95, 0.03);
	CHECK_NEAR((double)blocks / TRIES, 0.95, 0.03);
}

static void
too_little_is_not_known(void **state)
{
	struct histogram h = { 0 };
	struct interval none = interval_quantile(&h, 0.5);
	assert_true(isnan(none.value) && isnan(none.low) && isnan(none.high));
	for (int i = 1; i <= 20; i++)
		histogram_record(&h, i);
	struct interval p99 = interval_quantile(&h, 0.99);
	CHECK_NEAR(p99.value, 20, 0);
	assert_true(isnan(p99.high));
	histogram_done(&h);
	struct interval one = interval_blocks(&(double){ 3 }, 1);
	assert_true(one.value == 3 && isnan(one.low) && isnan(interval_blocks(NULL, 0).value));
}

enum { N = 60 };

static void
a_line_is_found(void **state)
{
	double t[N], y[N];

	for (int i = 0; i < N; i++) {
		t[i] = 1e6 + i;
		y[i] = i == 7 ? (double)NAN : 5e9 + 1234.5 * i;
	}
	struct slope s = slope_fit(t, y, N);
	CHECK_NEAR(s.per_t, 1234.5, 1e-3);
	CHECK_NEAR(s.high - s.low, 0, 1e-2);
	assert_true(isnan(slope_fit(t, y, 2).per_t));
	double still[3] = { 1, 1, 1 };
	assert_true(isnan(slope_fit(still, y, 3).per_t));
}

/* Noise without a slope: with independent samples, and with a walk-like one that fools the
 * textbook interval in every second case. */
static void
no_growth_is_seen_in_noise(void **state)
{
	enum { TRIES = 300 };
	static const double rhos[] = { 0, 0.8 };
	double t[N], y[N];

	for (size_t r = 0; r < 2; r++) {
		int fooled = 0;
		for (int k = 0; k < TRIES; k++) {
			double at = 0;
			for (int i = 0; i < N; i++) {
				at = rhos[r] * at + normal();
				t[i] = i;
				y[i] = at;
			}
			struct slope s = slope_fit(t, y, N);
			fooled += s.low > 0 || s.high < 0;
		}
		assert_in_range(fooled, 0, TRIES * 14 / 100);
	}
}

static void
distances(void **state)
{
	enum { GAPS = 20000 };
	static double gaps[GAPS];

	for (int i = 0; i < GAPS; i++)
		gaps[i] = -log1p(-uniform()) * 3;
	assert_true(ks_exponential(gaps, GAPS, 3) < 0.015);
	assert_true(ks_exponential(gaps, GAPS, 4) > 0.08);
	for (int i = 0; i < GAPS; i++)
		gaps[i] = 3;
	CHECK_NEAR(ks_exponential(gaps, GAPS, 3), 1 - exp(-1), 1e-9);
}

RUN_TESTS(cmocka_unit_test(intervals_cover), cmocka_unit_test(too_little_is_not_known), cmocka_unit_test(a_line_is_found),
    cmocka_unit_test(no_growth_is_seen_in_noise), cmocka_unit_test(distances))

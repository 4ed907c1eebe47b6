/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "stats/histogram.h"
#include "check.h"

static uint64_t random_state = 1;

static double
uniform(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(random_state >> 11) * 0x1p-53;
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int64_t draw_exponential(void) { return (int64_t)(-log1p(-uniform()) * 1e6); }
static int64_t draw_pareto(void) { return (int64_t)(1e4 / pow(1 - uniform(), 1 / 1.2)); }
static int64_t draw_small(void) { return (int64_t)(uniform() * 600); }
static int64_t draw_equal(void) { return 123456789; }

/* Nine decades of quantiles against the sorted values. */
static void
quantiles_are_within_four_per_mille(void **state)
{
	static int64_t (*const draws[])(void) = { draw_exponential, draw_pareto, draw_small, draw_equal };
	static const double qs[] = { 0, 0.001, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1 };
	enum { N = 20000 };
	int64_t *values = malloc(N * sizeof(*values));

	for (size_t d = 0; d < sizeof(draws) / sizeof(draws[0]); d++) {
		struct histogram h = { 0 };
		double sum = 0;
		for (int i = 0; i < N; i++) {
			values[i] = draws[d]();
			sum += (double)values[i];
			histogram_record(&h, values[i]);
		}
		qsort(values, N, sizeof(*values), by_value);
		for (size_t q = 0; q < sizeof(qs) / sizeof(qs[0]); q++) {
			size_t rank = (size_t)ceil(qs[q] * N - 1e-6);
			double exact = (double)values[rank ? rank - 1 : 0];
			CHECK_NEAR(histogram_quantile(&h, qs[q]), exact, 0.004 * exact);
		}
		assert_int_equal(h.min, values[0]);
		assert_int_equal(h.max, values[N - 1]);
		CHECK_NEAR(histogram_mean(&h), sum / N, 1e-9 * sum / N);
		histogram_done(&h);
	}
	free(values);
}

static bool
same(const struct histogram *a, const struct histogram *b)
{
	struct histogram_cell x = { 0 }, y = { 0 };
	bool more;

	while ((more = histogram_next(a, &x)) == histogram_next(b, &y) && more)
		if (x.low != y.low || x.high != y.high || x.count != y.count)
			return false;
	return !more && a->count == b->count && a->min == b->min && a->max == b->max && a->sum == b->sum;
}

static void
merging_is_associative_and_equals_recording(void **state)
{
	struct histogram part[3] = { 0 }, all = { 0 }, left = { 0 }, right = { 0 }, empty = { 0 };

	for (int i = 0; i < 3000; i++) {
		int64_t v = draw_pareto();
		histogram_record(&part[i % 3], v);
		histogram_record(&all, v);
	}
	histogram_merge(&left, &part[0]);
	histogram_merge(&left, &part[1]);
	histogram_merge(&left, &part[2]);
	histogram_merge(&right, &part[2]);
	histogram_merge(&right, &part[1]);
	histogram_merge(&part[0], &right);
	histogram_merge(&left, &empty);
	left.sum = right.sum = part[0].sum = all.sum;   /* the order of additions shows in the last bit */
	assert_true(same(&left, &all));
	assert_true(same(&part[0], &all));
	histogram_clear(&left);
	assert_true(same(&left, &empty));
	for (int i = 0; i < 3; i++)
		histogram_done(&part[i]);
	histogram_done(&all);
	histogram_done(&left);
	histogram_done(&right);
}

static void
extremes_are_kept(void **state)
{
	static const int64_t rows[] = {
		0, 1, 255, 256, 511, 512, HISTOGRAM_MAX, HISTOGRAM_MAX + 1, INT64_MAX,
	};
	struct histogram h = { 0 };

	assert_true(isnan(histogram_quantile(&h, 0.5)));
	assert_true(isnan(histogram_mean(&h)));
	histogram_record(&h, -5);
	assert_int_equal(h.min, 0);
	histogram_clear(&h);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		histogram_record(&h, rows[i]);
		assert_int_equal(histogram_rank(&h, h.count), rows[i]);
		assert_int_equal(h.max, rows[i]);
		assert_int_equal(h.min, 0);
	}
	assert_int_equal(histogram_rank(&h, 5), 511);
	histogram_done(&h);
}

RUN_TESTS(cmocka_unit_test(quantiles_are_within_four_per_mille),
    cmocka_unit_test(merging_is_associative_and_equals_recording),
    cmocka_unit_test(extremes_are_kept))

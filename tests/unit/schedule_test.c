/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/clock.h"
#include "load/schedule.h"
#include "stats/ks.h"
#include "check.h"

enum { MOST = 60000 };

static size_t
read_all(const struct schedule *s, int64_t worker, int64_t workers, struct arrival *out)
{
	struct schedule_reader r = schedule_read(s, worker, workers);
	size_t n = 0;

	while (n < MOST && schedule_next(&r, &out[n]))
		n++;
	return n;
}

static struct schedule
one_rate(struct schedule_part *part, double rate, int64_t for_ns, bool poisson)
{
	*part = (struct schedule_part){ rate, for_ns };
	return (struct schedule){
		.parts = part, .n_parts = 1, .poisson = poisson, .seed = 42, .routes = 3,
	};
}

static void
constant_spacing_is_exact(void **state)
{
	static const double rates[] = { 0.5, 3, 1000, 7777, 20000 };
	static struct arrival a[MOST];
	struct schedule_part part;

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct schedule s = one_rate(&part, rates[i], 2 * NS_PER_S, false);
		size_t n = read_all(&s, 0, 1, a);
		assert_int_equal(n, (size_t)ceil(2 * rates[i]));
		for (size_t k = 0; k < n; k++) {
			assert_true(llabs(a[k].at_ns - llround((double)k / rates[i] * 1e9)) <= 1);
			assert_int_equal(a[k].index, k);
			assert_int_equal(a[k].route, k % 3);
		}
	}
}

static void
poisson_is_exponential(void **state)
{
	static struct arrival a[MOST];
	static double gaps[MOST];
	struct schedule_part part;
	struct schedule s = one_rate(&part, 5000, 10 * NS_PER_S, true);

	size_t n = read_all(&s, 0, 1, a);
	CHECK_NEAR((double)n, 50000, 4 * sqrt(50000));
	for (size_t i = 0; i < n; i++)
		gaps[i] = (double)(a[i].at_ns - (i ? a[i - 1].at_ns : 0));
	/* Neighbouring gaps are independent. */
	double product = 0, square = 0;
	for (size_t i = 1; i < n; i++) {
		product += (gaps[i] - 2e5) * (gaps[i - 1] - 2e5);
		square += (gaps[i] - 2e5) * (gaps[i] - 2e5);
	}
	CHECK_NEAR(product / square, 0, 0.02);
	assert_true(ks_exponential(gaps, n, 2e5) < 0.01);
}

static void
the_seed_decides_and_workers_share(void **state)
{
	static struct arrival whole[MOST], again[MOST], part_of[MOST];
	struct schedule_part part;

	for (int poisson = 0; poisson < 2; poisson++) {
		struct schedule s = one_rate(&part, 3000, 3 * NS_PER_S, poisson);
		size_t n = read_all(&s, 0, 1, whole), shared = 0;
		assert_int_equal(read_all(&s, 0, 1, again), n);
		assert_memory_equal(whole, again, n * sizeof(whole[0]));
		for (int64_t w = 0; w < 4; w++) {
			size_t k = read_all(&s, w, 4, part_of);
			for (size_t i = 0; i < k; i++)
				assert_memory_equal(&part_of[i], &whole[(size_t)w + 4 * i], sizeof(whole[0]));
			shared += k;
		}
		assert_int_equal(shared, n);
		s.seed = 43;
		read_all(&s, 0, 1, again);
		assert_int_not_equal(again[7].seed, whole[7].seed);
		assert_int_equal(again[7].at_ns != whole[7].at_ns, poisson);
	}
}

static void
rates_may_change(void **state)
{
	static const struct schedule_part parts[] = {
		{ 100, NS_PER_S }, { 0, NS_PER_S }, { 1000, NS_PER_S }, { 50, 2 * NS_PER_S },
	};
	static const int wanted[] = { 100, 0, 1000, 50, 50 };
	static struct arrival a[MOST];
	struct schedule s = { .parts = parts, .n_parts = 4, .routes = 1 };
	int got[5] = { 0 };

	size_t n = read_all(&s, 0, 1, a);
	for (size_t i = 0; i < n; i++) {
		assert_true(!i || a[i].at_ns >= a[i - 1].at_ns);
		got[a[i].at_ns / NS_PER_S]++;
	}
	assert_memory_equal(got, wanted, sizeof(got));
	s.poisson = true;
	n = read_all(&s, 0, 1, a);
	CHECK_NEAR((double)n, 1200, 4 * sqrt(1200));
	for (size_t i = 0; i < n; i++)
		assert_int_not_equal(a[i].at_ns / NS_PER_S, 1);
	s.at_most = 17;
	assert_int_equal(read_all(&s, 0, 1, a), 17);
	assert_int_equal(read_all(&s, 1, 2, a), 8);
}

RUN_TESTS(cmocka_unit_test(constant_spacing_is_exact), cmocka_unit_test(poisson_is_exponential),
    cmocka_unit_test(the_seed_decides_and_workers_share), cmocka_unit_test(rates_may_change))

/* SPDX-License-Identifier: MIT */
#include "base/random.h"
#include "stats/equivalence.h"
#include "stats/paired.h"
#include "stats/special.h"
#include "stats/spending.h"
#include "check.h"

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static double
draw(uint64_t seed, uint64_t i)
{
	return normal_quantile(random_unit(random_at(seed, i)) + 0x1p-54);
}

/* The Hamilton depression scale of nine patients (Hollander & Wolfe, table 3.1): the estimate, the
 * p-value and the 95 % interval that R's documentation of wilcox.test and the book give. */
static void
a_published_example(void **state)
{
	static const double before[] = { 1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30 };
	static const double after[] = { 0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29 };
	double d[9];
	struct paired p;

	for (int i = 0; i < 9; i++)
		d[i] = after[i] - before[i];
	paired_init(&p, d, 9);
	struct interval i95 = paired_interval(&p, 0.95), i90 = paired_interval(&p, 0.90);
	CHECK_NEAR(i95.value, -0.46, 1e-12);
	CHECK_NEAR(i95.low, -0.786, 1e-12);
	CHECK_NEAR(i95.high, -0.010, 1e-12);
	CHECK_NEAR(i90.low, -0.726, 1e-12);
	CHECK_NEAR(i90.high, -0.175, 1e-12);
	CHECK_NEAR(paired_p(&p, 0), 0.0390625, 1e-15);
	paired_done(&p);
}

/* n differences of which exactly the Walsh averages of the first `negative` pairs are below zero
 * cannot be made for each rank sum, but ranks can: d_i = +-i has the rank sum of its negatives. */
static double
p_of_negatives(size_t n, const size_t *negatives, size_t count)
{
	double d[PAIRED_EXACT];
	struct paired p;

	for (size_t i = 0; i < n; i++)
		d[i] = (double)(i + 1) + 1e-6 * (double)((i + 1) * (i + 1));
	for (size_t i = 0; i < count; i++)
		d[negatives[i] - 1] *= -1;
	paired_init(&p, d, n);
	double chance = paired_p(&p, 0);
	paired_done(&p);
	return chance;
}

/* Chances of rank sums, by counting subsets: 25 of 2^10 have a sum of at most 8, and so on. */
static void
exact_chances(void **state)
{
	static const size_t eight[] = { 8 }, three[] = { 1, 2 }, sum52[] = { 20, 19, 13 },
	    sum264[] = { 40, 39, 38, 37, 36, 35, 34, 5 };

	CHECK_NEAR(p_of_negatives(10, eight, 1), 2 * 25.0 / 1024, 1e-15);
	CHECK_NEAR(p_of_negatives(10, three, 2), 2 * 5.0 / 1024, 1e-15);
	CHECK_NEAR(p_of_negatives(10, NULL, 0), 2.0 / 1024, 1e-15);
	CHECK_NEAR(p_of_negatives(20, sum52, 3), 2 * 25397 / 0x1p20, 1e-15);
	CHECK_NEAR(p_of_negatives(40, sum264, 8), 2 * 27356161461 / 0x1p40, 1e-15);
	CHECK_NEAR(p_of_negatives(50, NULL, 0), 0x1p-49, 1e-25);
	CHECK_NEAR(paired_p_least(10), 2.0 / 1024, 0);
	CHECK_NEAR(paired_p_least(0), 1, 0);
}

/* The interval leaves a value out exactly when the test rejects it, with ties and zeros too. */
static void
interval_and_test_agree(void **state)
{
	static const double levels[] = { 0.10, 0.05, 0.01, 0.00195312501, 0.0019 };

	for (uint64_t trial = 0; trial < 300; trial++) {
		size_t n = 4 + trial % 60;
		double d[64];
		struct paired p;
		for (size_t i = 0; i < n; i++)
			d[i] = 0.4 + draw(trial, i);
		if (trial % 2)
			for (size_t i = 0; i < n; i++)
				d[i] = round(2 * d[i]) / 2;
		paired_init(&p, d, n);
		for (size_t k = 0; k < ROWS(levels); k++) {
			struct interval in = paired_interval(&p, 1 - levels[k]);
			assert_int_equal(in.low > 0 || in.high < 0, paired_p(&p, 0) <= levels[k]);
		}
		paired_done(&p);
	}
}

static void
few_pairs_are_unbounded(void **state)
{
	static const double d[] = { 1, 2, 3, 4, 5, 6 };
	struct paired p;

	paired_init(&p, d, 5);
	assert_true(paired_interval(&p, 0.95).low == -INFINITY);
	assert_true(paired_interval(&p, 0.95).high == INFINITY);
	CHECK_NEAR(paired_interval(&p, 0.90).low, 1, 0);
	CHECK_NEAR(paired_sd_robust(&p), sqrt(2.5), 1e-12);
	paired_done(&p);
	paired_init(&p, d, 6);
	CHECK_NEAR(paired_interval(&p, 0.95).low, 1, 0);
	paired_done(&p);
	paired_init(&p, NULL, 0);
	assert_true(isnan(paired_interval(&p, 0.95).value) && paired_p(&p, 0) == 1 && isnan(p.sd));
	paired_done(&p);
}

/* The interval holds the truth as often as it says, and the robust deviation is that of normal
 * differences, and does not follow one wild pair. */
static void
intervals_cover(void **state)
{
	enum { TRIES = 600 };
	static const size_t sizes[] = { 10, 20, 40, 60 };

	for (size_t s = 0; s < ROWS(sizes); s++) {
		int held = 0;
		double sd = 0, wild = 0;
		for (uint64_t trial = 0; trial < TRIES; trial++) {
			double d[60];
			struct paired p;
			for (size_t i = 0; i < sizes[s]; i++)
				d[i] = draw(1000 + trial, i);
			paired_init(&p, d, sizes[s]);
			struct interval in = paired_interval(&p, 0.95);
			held += in.low <= 0 && 0 <= in.high;
			sd += paired_sd_robust(&p) / TRIES;
			paired_done(&p);
			d[0] = 50;
			paired_init(&p, d, sizes[s]);
			wild += paired_sd_robust(&p) / TRIES;
			paired_done(&p);
		}
		CHECK_NEAR((double)held / TRIES, 0.955, 0.025);
		CHECK_NEAR(sd, 1, 0.08);
		assert_true(sizes[s] < 20 || wild < 1.6);
	}
}

/* Cohen's table: 80 % power at 5 % takes 32 pairs for half a deviation (31.4 by the normal
 * approximation), and 2.8 = 1.96 + 0.84. */
static void
planning(void **state)
{
	CHECK_NEAR(equivalence_detectable(1, 1, 0.05, 0.8), 2.8015852, 1e-7);
	CHECK_NEAR(equivalence_detectable(0.04, 16, 0.05, 0.8), 0.028015852, 1e-9);
	assert_int_equal(equivalence_pairs(1, 0.5, 0.05, 0.8), 32);
	assert_int_equal(equivalence_pairs(0.02, 0.01, 0.01, 0.8), 47);
	assert_int_equal(equivalence_pairs(1, 0, 0.05, 0.8), 0);
	assert_int_equal(equivalence_pairs(NAN, 0.5, 0.05, 0.8), 0);
	assert_true(isnan(equivalence_detectable(1, 0, 0.05, 0.8)));
}

/* ---- looks --------------------------------------------------------------------------------- */

/* Levels of two looks by the bivariate normal integral (mpmath 1.3); of the first
 * look a level is what is spent. */
static void
levels_of_looks(void **state)
{
	static const double none[3] = { 0 }, halves[] = { 0.5, 1 }, thirds[] = { 0.25, 0.5, 1 };
	static const double late[] = { 0.25, 1 }, nearly[] = { 40.0 / 41, 1 };
	double level[3];

	spending_levels(0.01, SPENDING_EARLY, halves, none, 2, level);
	CHECK_NEAR(level[0], 0.00707106781187, 1e-12);
	CHECK_NEAR(level[1], 0.00399835785856, 1e-8);
	spending_levels(0.05, SPENDING_LATE, late, none, 2, level);
	CHECK_NEAR(level[0], 0.003125, 1e-12);
	CHECK_NEAR(level[1], 0.0479421507413, 1e-7);
	spending_levels(0.01, SPENDING_EARLY, thirds, none, 3, level);
	CHECK_NEAR(level[0], 0.005, 1e-12);
	CHECK_NEAR(level[1], 0.00276261414899, 1e-8);
	spending_levels(0.01, SPENDING_EARLY, late + 1, none, 1, level);
	CHECK_NEAR(level[0], 0.01, 1e-12);
	/* Nearly all of the data at the look before: what is left is narrow. */
	spending_levels(0.2, SPENDING_LATE, nearly, none, 2, level);
	CHECK_NEAR(level[1], 0.164294626844, 2e-6);
}

/* What ten pairs cannot decide is left to the looks that can. */
static void
a_look_that_cannot_decide_spends_nothing(void **state)
{
	static const double share[] = { 0.25, 0.5, 1 }, rest[] = { 0.5, 1 };
	const double least[] = { paired_p_least(10), paired_p_least(20), paired_p_least(40) };
	double level[3], without[2];

	spending_levels(0.001, SPENDING_EARLY, share, least, 3, level);
	spending_levels(0.001, SPENDING_EARLY, rest, least + 1, 2, without);
	CHECK_NEAR(level[0], 0, 0);
	CHECK_NEAR(level[1], without[0], 0);
	CHECK_NEAR(level[2], without[1], 0);
}

/* Walks without drift pass any of the edges as often as alpha says; pairs that are tested by their
 * ranks not more often. */
static void
looks_keep_alpha(void **state)
{
	enum { TRIES = 8000 };
	static const double share[] = { 0.25, 0.5, 1 };
	static const size_t pairs[] = { 10, 20, 40 };
	const double least[] = { paired_p_least(10), paired_p_least(20), paired_p_least(40) };
	double level[3], d[40];
	int walks = 0, ranks = 0;

	spending_levels(0.05, SPENDING_EARLY, share, least, 3, level);
	for (uint64_t trial = 0; trial < TRIES; trial++) {
		double sum = 0;
		bool walk = false, rank = false;
		for (size_t i = 0, k = 0; k < 3; k++) {
			for (; i < pairs[k]; i++)
				sum += d[i] = draw(77 + trial, i);
			walk |= 2 * normal_cdf(-fabs(sum) / sqrt((double)i)) <= level[k];
			struct paired p;
			paired_init(&p, d, i);
			rank |= paired_p(&p, 0) <= level[k];
			paired_done(&p);
		}
		walks += walk;
		ranks += rank;
	}
	CHECK_NEAR((double)walks / TRIES, 0.05, 0.007);
	assert_in_range(ranks, TRIES * 30 / 1000, TRIES * 55 / 1000);
}

RUN_TESTS(cmocka_unit_test(a_published_example), cmocka_unit_test(exact_chances),
    cmocka_unit_test(interval_and_test_agree), cmocka_unit_test(few_pairs_are_unbounded),
    cmocka_unit_test(intervals_cover), cmocka_unit_test(planning), cmocka_unit_test(levels_of_looks),
    cmocka_unit_test(a_look_that_cannot_decide_spends_nothing), cmocka_unit_test(looks_keep_alpha))

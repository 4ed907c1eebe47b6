/* SPDX-License-Identifier: MIT */
#include "stats/usl.h"

#include "check.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t random_state = 11;

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

static double
law(double g, double a, double b, double n)
{
	return g * n / (1 + a * (n - 1) + b * n * (n - 1));
}

static struct usl
fit(const double *n, const double *x, size_t count)
{
	struct usl u;

	usl_fit(&(struct usl_data){ .n = n, .x = x, .count = count }, &u);
	return u;
}

static void
check_share(double found, double wanted, double share)
{
	CHECK_NEAR(found, wanted, share * fabs(wanted));
}

/* ---- published sets ------------------------------------------------------------------------ */

/* SPEC SDM91 on a SPARCcenter 2000: users, scripts per hour (Gunther 2007; R package usl). */
static const double sdm_n[] = { 1, 18, 36, 72, 108, 144, 216 };
static const double sdm_x[] = { 64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775, 1702.2 };

/* MySQL on a Cisco UCS, 1 to 32 threads (Schwartz 2015). */
static const double cisco_x[] = {
	955.16, 1878.91, 2688.01, 3548.68, 4315.54, 5130.43, 5931.37, 6531.08, 7219.8, 7867.61, 8278.71,
	8646.7, 9047.84, 9426.55, 9645.37, 9897.24, 10097.6, 10240.5, 10532.39, 10798.52, 11151.43,
	11518.63, 11806, 12089.37, 12075.41, 12177.29, 12211.41, 12158.93, 12155.27, 12118.04, 12140.4,
	12074.39,
};

static struct usl
cisco(bool robust)
{
	double n[COUNT(cisco_x)];
	struct usl u;

	for (size_t i = 0; i < COUNT(n); i++)
		n[i] = (double)i + 1;
	usl_fit(&(struct usl_data){ n, cisco_x, NULL, COUNT(n), robust }, &u);
	return u;
}

static void
sdm91_is_as_published(void **state)
{
	struct usl u = fit(sdm_n, sdm_x, COUNT(sdm_n));

	check_share(u.gamma.value, 89.995233, 1e-6);
	check_share(u.alpha.value, 0.0277285, 1e-5);
	check_share(u.beta.value, 0.00010436548, 1e-6);
	check_share(u.gamma.low, 50.53226, 1e-6);
	check_share(u.alpha.high, 0.05305446, 1e-6);
	check_share(u.beta.low, 4.918288e-5, 1e-6);
	check_share(sqrt(u.covariance[1][1]), 0.0091217, 1e-5);
	check_share(u.peak.value, 96.52, 1e-4);
	check_share(u.top.value, 1884, 1e-4);
	check_share(u.roof.value, 3246, 2e-4);
	check_share(u.r2, 0.98956148, 1e-7);
	check_share(u.residual, 82.84582, 1e-6);
	/* Seven points leave so much open that the peak may lie anywhere between 72 and 121. */
	assert_int_equal(u.verdict, USL_UNBOUNDED);
}

static void
cisco_is_as_published(void **state)
{
	struct usl u = cisco(false);

	check_share(u.gamma.value, 995.6486, 2e-4);
	check_share(u.alpha.value, 0.02671591, 2e-4);
	check_share(u.beta.value, 0.0007690945, 2e-4);
	check_share(u.gamma.low, 936.9540, 1e-6);
	check_share(u.beta.high, 0.000945913, 1e-6);
	check_share(u.top.value, 12341, 2e-4);
	check_share(u.peak.value, 35.57, 2e-4);
	check_share(usl_predict(&u, 20).x.value, 11063.6331, 2e-4);
	assert_int_equal(u.verdict, USL_PEAK);
	assert_false(u.superlinear);
	struct usl robust = cisco(true);
	assert_int_equal(robust.outliers, 0);
	check_share(robust.alpha.value, u.alpha.value, 1e-9);
}

/* ---- exact and simulated sets -------------------------------------------------------------- */

static const double eight[] = { 1, 2, 4, 8, 16, 32, 48, 64 };

static void
exact_points_give_their_law(void **state)
{
	static const struct { double g, a, b; enum usl_verdict verdict; bool superlinear; } rows[] = {
		{ 1000, 0.03, 5e-4, USL_PEAK, false },
		{ 3e-3, 0.5, 2e-3, USL_PEAK, false },
		{ 5e6, 0.001, 1e-6, USL_BEYOND, false },     /* the peak at 999 */
		{ 20, 0.05, 0, USL_UNBOUNDED, false },       /* Amdahl */
		{ 20, 0, 0, USL_UNBOUNDED, false },          /* in proportion */
		{ 40, 1, 0, USL_UNBOUNDED, false },          /* one server */
		{ 20, -0.02, 1e-3, USL_PEAK, true },
		{ 20, -0.01, 0, USL_UNBOUNDED, true },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		double x[COUNT(eight)];
		for (size_t k = 0; k < COUNT(x); k++)
			x[k] = law(rows[i].g, rows[i].a, rows[i].b, eight[k]);
		struct usl u = fit(eight, x, COUNT(x));
		check_share(u.gamma.value, rows[i].g, 1e-6);
		CHECK_NEAR(u.alpha.value, rows[i].a, 1e-6 * fabs(rows[i].a) + 1e-12);
		CHECK_NEAR(u.beta.value, rows[i].b, 1e-6 * rows[i].b + 1e-14);
		assert_int_equal(u.verdict, rows[i].verdict);
		assert_int_equal(u.superlinear, rows[i].superlinear);
		if (rows[i].verdict == USL_PEAK)
			check_share(u.peak.value, sqrt((1 - rows[i].a) / rows[i].b), 1e-6);
	}
}

static void
the_roof_is_told_where_there_is_no_peak(void **state)
{
	double x[COUNT(eight)];

	for (size_t k = 0; k < COUNT(x); k++)
		x[k] = law(20, 0.05, 0, eight[k]) * (k % 2 ? 1.005 : 0.995);
	struct usl u = fit(eight, x, COUNT(x));
	assert_int_equal(u.verdict, USL_UNBOUNDED);
	CHECK_NEAR(u.roof.value, 400, 20);
	assert_true(u.roof.low < 400 && 400 < u.roof.high);
	assert_true(usl_verdict_words(u.verdict)[0] != '\0');
}

/* Noise of 3 % of the throughput: the peak's interval must hold the truth in about 95 of 100 sets,
 * with and without known variances. */
static int
covered(const double *n, bool weights)
{
	const double truth = sqrt((1 - 0.03) / 5e-4);
	int hits = 0;

	for (int i = 0; i < 1000; i++) {
		double x[COUNT(eight)], w[COUNT(eight)];
		struct usl u;
		for (size_t k = 0; k < COUNT(x); k++) {
			x[k] = law(1000, 0.03, 5e-4, n[k]) * (1 + 0.03 * normal());
			w[k] = 1 / (x[k] * x[k]);
		}
		usl_fit(&(struct usl_data){ n, x, weights ? w : NULL, COUNT(x), false }, &u);
		hits += u.peak.low <= truth && truth <= u.peak.high;
	}
	return hits;
}

static void
the_peaks_interval_covers(void **state)
{
	static const double even[] = { 1, 10, 19, 28, 37, 46, 55, 64 };
	const double *const plans[] = { eight, even };

	for (size_t i = 0; i < COUNT(plans); i++)
		for (int weights = 0; weights < 2; weights++)
			CHECK_NEAR(covered(plans[i], weights), 950, 20);
}

static void
the_order_does_not_matter(void **state)
{
	double n[COUNT(sdm_n)], x[COUNT(sdm_x)];

	for (size_t i = 0; i < COUNT(n); i++) {
		n[i] = sdm_n[(3 * i + 5) % COUNT(n)];
		x[i] = sdm_x[(3 * i + 5) % COUNT(n)];
	}
	check_share(fit(n, x, COUNT(n)).alpha.value, 0.0277284759, 1e-7);
}

/* Means of a system in production: broken, and below one where it is idle. */
static void
averages_below_one_are_points(void **state)
{
	double n[60], x[60], w[60];
	struct usl u;

	for (size_t i = 0; i < COUNT(n); i++) {
		n[i] = 0.1 * pow(120, uniform());
		x[i] = law(50, 0.2, 0.01, n[i]) * (1 + 0.02 * normal());
		w[i] = 1 / (x[i] * x[i]);
	}
	assert_true(usl_fit(&(struct usl_data){ n, x, w, COUNT(n), true }, &u));
	check_share(u.gamma.value, 50, 0.05);
	check_share(u.peak.value, sqrt(0.8 / 0.01), 0.1);
	assert_true(u.n_min < 1);
}

/* No point at or above 1, where the law has its gamma. */
static void
all_points_may_lie_below_one(void **state)
{
	static const double scales[] = { 0.9, 0.1, 0.01, 0.001 };

	for (size_t s = 0; s < COUNT(scales); s++) {
		double n[COUNT(eight)], x[COUNT(eight)];
		for (size_t k = 0; k < COUNT(n); k++) {
			n[k] = eight[k] / 64 * scales[s];
			x[k] = 1000 * n[k] / (1 + 3 * n[k] / scales[s]);
		}
		struct usl u = fit(n, x, COUNT(n));
		CHECK_NEAR(u.r2, 1, 1e-9);
		CHECK_NEAR(u.roof.value, 1000 * scales[s] / 3, 1e-3 * scales[s]);
	}
}

static void
weights_count_as_repetitions(void **state)
{
	double n[9], x[9], w[COUNT(sdm_n)] = { 1, 1, 1, 3, 1, 1, 1 };
	struct usl weighted;

	memcpy(n, sdm_n, sizeof(sdm_n));
	memcpy(x, sdm_x, sizeof(sdm_x));
	n[7] = n[8] = sdm_n[3];
	x[7] = x[8] = sdm_x[3];
	struct usl repeated = fit(n, x, COUNT(n));
	usl_fit(&(struct usl_data){ sdm_n, sdm_x, w, COUNT(sdm_n), false }, &weighted);
	check_share(weighted.alpha.value, repeated.alpha.value, 1e-6);
	check_share(weighted.gamma.value, repeated.gamma.value, 1e-6);
	for (size_t i = 0; i < COUNT(w); i++)
		w[i] *= 1e40;
	usl_fit(&(struct usl_data){ sdm_n, sdm_x, w, COUNT(sdm_n), false }, &weighted);
	check_share(weighted.alpha.value, repeated.alpha.value, 1e-6);
}

/* ---- what is not concluded ----------------------------------------------------------------- */

static void
too_little_is_refused(void **state)
{
	static const struct {
		size_t count;
		double n[8], x[8];
		enum usl_verdict verdict;
	} rows[] = {
		{ 0, { 0 }, { 0 }, USL_FEW_POINTS },
		{ 3, { 1, 8, 32 }, { 10, 60, 90 }, USL_FEW_POINTS },
		{ 6, { 1, 1, 8, 8, 32, 32 }, { 10, 11, 60, 62, 90, 91 }, USL_FEW_POINTS },
		{ 5, { 20, 24, 28, 32, 36 }, { 50, 55, 59, 62, 64 }, USL_NARROW },
		{ 5, { 1, 2, 4, 8, 0 }, { 10, 18, 30, 40, 1 }, USL_REFUSED },
		{ 5, { 1, 2, 4, 8, -16 }, { 10, 18, 30, 40, 41 }, USL_REFUSED },
		{ 5, { 1, 2, 4, 8, 16 }, { 10, 18, NAN, 40, 41 }, USL_REFUSED },
		{ 5, { 1, 2, 4, INFINITY, 16 }, { 10, 18, 30, 40, 41 }, USL_REFUSED },
		{ 5, { 1, 2, 4, 8, 16 }, { 10, 18, 30, 40, 0 }, USL_REFUSED },
		/* N/X = N - 9: at N = 1 it is below nothing. */
		{ 5, { 10, 20, 30, 40, 50 }, { 10, 20. / 11, 30. / 21, 40. / 31, 50. / 41 }, USL_NO_FIT },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct usl u = fit(rows[i].n, rows[i].x, rows[i].count);
		assert_int_equal(u.verdict, rows[i].verdict);
		assert_true(isnan(u.gamma.value) && isnan(u.peak.value) && isnan(u.roof.value));
		assert_int_equal(usl_predict(&u, 2).reach, USL_TOO_FAR);
		assert_true(usl_verdict_words(u.verdict)[0] != '\0');
	}
}

static void
an_outlier_is_left_out(void **state)
{
	static const double n[] = { 1, 2, 4, 8, 12, 16, 24, 32, 48, 64 };
	const double truth = sqrt((1 - 0.03) / 5e-4);

	for (size_t out = 2; out < COUNT(n); out++) {
		double x[COUNT(n)], w[COUNT(n)];
		struct usl u;
		for (size_t k = 0; k < COUNT(n); k++) {
			x[k] = law(1000, 0.03, 5e-4, n[k]) * (1 + (k % 2 ? 0.005 : -0.005));
			x[k] *= k == out ? 0.6 : 1;
			w[k] = 1 / (x[k] * x[k]);
		}
		assert_true(usl_fit(&(struct usl_data){ n, x, w, COUNT(n), true }, &u));
		assert_int_equal(u.outliers, 1);
		check_share(u.peak.value, truth, 0.1);
	}
}

/* Beyond the pole of a curve that grows ever faster, where the law is not defined. */
static void
an_outlier_may_lie_beyond_the_pole(void **state)
{
	static const double n[] = { 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 64 };
	double x[COUNT(n)];
	struct usl u;

	for (size_t k = 0; k < COUNT(n); k++)
		x[k] = k + 1 < COUNT(n) ? law(100, -0.04, 0, n[k]) + (k % 2 ? 1 : -1) : 900;
	assert_true(usl_fit(&(struct usl_data){ n, x, NULL, COUNT(n), true }, &u));
	assert_int_equal(u.outliers, 1);
	CHECK_NEAR(u.alpha.value, -0.04, 0.001);
	assert_true(isfinite(u.r2) && isfinite(u.alpha.low) && u.superlinear);
	CHECK_NEAR(u.n_max, 16, 0);
}

static struct usl_ceiling
ceiling_of(const double *n, const double *x, size_t count)
{
	double w[16];

	for (size_t k = 0; k < count; k++)
		w[k] = 1 / (x[k] * x[k]);
	return usl_ceiling(&(struct usl_data){ n, x, w, count, false });
}

/* Four servers behind one queue, a decline, and too little to tell them apart. */
static void
a_ceiling_is_no_peak(void **state)
{
	static const double n[] = { 16, 1, 3, 2, 6, 4, 8, 12, 5, 20 };
	double flat[COUNT(n)], falls[COUNT(n)];

	for (size_t k = 0; k < COUNT(n); k++) {
		double noise = k % 3 ? 1.004 : 0.992;
		flat[k] = fmin(law(100, 0.02, 0, n[k]), 360) * noise;
		falls[k] = law(100, 0.05, 0.02, n[k]) * noise;
	}
	struct usl_ceiling c = ceiling_of(n, flat, COUNT(n));
	assert_true(c.better > 2);
	check_share(c.x.value, 360, 0.01);
	assert_true(c.x.low < 360 && 360 < c.x.high);
	CHECK_NEAR(c.n, 3.8, 0.2);                 /* 100 n = 360 (0.98 + 0.02 n) */
	assert_true(ceiling_of(n, falls, COUNT(n)).better < -2);
	double line[COUNT(n)];
	for (size_t k = 0; k < COUNT(n); k++)
		line[k] = 20 * n[k];
	assert_true(ceiling_of(n, line, COUNT(n)).better < -2);
}

/* From the first points of a set nothing is said of those far above them. */
static void
nothing_is_said_of_far_away(void **state)
{
	double n[COUNT(cisco_x)];

	for (size_t i = 0; i < COUNT(n); i++)
		n[i] = (double)i + 1;
	for (size_t k = 4; k <= COUNT(n); k++) {
		struct usl u = fit(n, cisco_x, k);
		for (size_t i = 0; i < COUNT(n); i++) {
			struct usl_prediction p = usl_predict(&u, n[i]);
			bool far = n[i] > 1.33 * n[k - 1];
			assert_int_equal(p.reach, far ? USL_TOO_FAR : i < k ? USL_INTERPOLATED
			    : USL_EXTRAPOLATED);
			assert_int_equal(isnan(p.x.value), far);
			/* Above three quarters of the whole range the error is below a tenth. */
			if (!far && k >= 24)
				check_share(p.x.value, cisco_x[i], 0.1);
		}
	}
	struct usl u = fit(sdm_n, sdm_x, COUNT(sdm_n));
	assert_int_equal(usl_predict(&u, 0.5).reach, USL_EXTRAPOLATED);
	assert_int_equal(usl_predict(&u, 0).reach, USL_TOO_FAR);
	assert_int_equal(usl_predict(&u, NAN).reach, USL_TOO_FAR);
	struct usl_prediction p = usl_predict(&u, 90);
	assert_true(p.x.low < p.x.value && p.x.value < p.x.high);
}

RUN_TESTS(
	cmocka_unit_test(sdm91_is_as_published),
	cmocka_unit_test(cisco_is_as_published),
	cmocka_unit_test(exact_points_give_their_law),
	cmocka_unit_test(the_roof_is_told_where_there_is_no_peak),
	cmocka_unit_test(the_peaks_interval_covers),
	cmocka_unit_test(the_order_does_not_matter),
	cmocka_unit_test(averages_below_one_are_points),
	cmocka_unit_test(all_points_may_lie_below_one),
	cmocka_unit_test(weights_count_as_repetitions),
	cmocka_unit_test(too_little_is_refused),
	cmocka_unit_test(an_outlier_is_left_out),
	cmocka_unit_test(an_outlier_may_lie_beyond_the_pole),
	cmocka_unit_test(a_ceiling_is_no_peak),
	cmocka_unit_test(nothing_is_said_of_far_away),
)

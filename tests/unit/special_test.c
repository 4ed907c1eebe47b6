/* SPDX-License-Identifier: MIT */
#include "stats/special.h"
#include "check.h"

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
check_relative(double got, double want)
{
	CHECK_NEAR(got, want, 1e-10 * fabs(want));
}

/* Every figure here was computed with 40 digits by other means (mpmath 1.3). */
static void
normal_distribution(void **state)
{
	static const struct { double x, p; } cdf[] = {
		{ -1, 0.15865525393145705 }, { -8, 6.2209605742717841e-16 },
		{ 2.5, 0.99379033467422386 },
	};
	static const struct { double p, x; } quantile[] = {
		{ 0.75, 0.67448975019608174 }, { 0.975, 1.9599639845400542 },
		{ 0.9995, 3.2905267314918948 },
		{ 0.0027, -2.7821504537846072 }, { 1e-10, -6.3613409024040562 },
		{ 1e-100, -21.273453560965324 },
	};
	for (size_t i = 0; i < ROWS(cdf); i++)
		check_relative(normal_cdf(cdf[i].x), cdf[i].p);
	for (size_t i = 0; i < ROWS(quantile); i++)
		check_relative(normal_quantile(quantile[i].p), quantile[i].x);
	CHECK_NEAR(normal_quantile(0.5), 0, 1e-15);
	assert_true(normal_quantile(0) == -INFINITY && normal_quantile(1) == INFINITY);
}

static void
incomplete_beta(void **state)
{
	static const struct { double a, b, x, i; } rows[] = {
		{ 0.5, 0.5, 0.3, 0.36901011956554538 }, { 2, 3, 0.4, 0.5248 },
		{ 20, 0.5, 0.9, 0.041327483918087262 }, { 0.25, 30, 0.001, 0.45508411824394854 },
		{ 500, 400, 0.55, 0.36785761969962107 }, { 3, 4, 0, 0 }, { 3, 4, 1, 1 },
	};
	for (size_t i = 0; i < ROWS(rows); i++)
		check_relative(beta_regularised(rows[i].a, rows[i].b, rows[i].x), rows[i].i);
}

static void
student_distribution(void **state)
{
	static const struct { double p, df, t; } quantile[] = {
		{ 0.975, 1, 12.706204736174705 }, { 0.975, 2, 4.3026527297494639 },
		{ 0.975, 9, 2.2621571627982055 }, { 0.975, 39, 2.0226909200367611 },
		{ 0.9995, 3, 12.923978636687483 }, { 0.999, 9.5, 4.2151461095080754 },
		{ 0.6, 2.5, 0.28145951274854766 }, { 0.975, 1e6, 1.959966356814107 },
		{ 0.9999999, 19, 7.9051126336887867 }, { 0.9999999, 1e6, 5.1993740209144228 },
		{ 0.975, 1e9, 1.9599639869123463 }, { 0.975, 1e16, 1.9599639845400545 },
		{ 0.975, INFINITY, 1.9599639845400542 },
	};
	for (size_t i = 0; i < ROWS(quantile); i++) {
		check_relative(student_t_quantile(quantile[i].p, quantile[i].df), quantile[i].t);
		check_relative(student_t_quantile(1 - quantile[i].p, quantile[i].df), -quantile[i].t);
	}
	CHECK_NEAR(student_t_quantile(0.5, 7), 0, 1e-12);
	assert_true(student_t_quantile(0.975, 0) == INFINITY);
}

RUN_TESTS(cmocka_unit_test(normal_distribution), cmocka_unit_test(incomplete_beta),
    cmocka_unit_test(student_distribution))

/* SPDX-License-Identifier: MIT */
#include "stats/special.h"

#include <math.h>

#define STEPS_MAX 300
#define NEARLY_NORMAL 1e6   /* degrees of freedom: the gamma functions of more lose the digits */

double
normal_cdf(double x)
{
	return erfc(-x * M_SQRT1_2) / 2;
}

double
normal_quantile(double p)
{
	double tail = fmin(p, 1 - p);

	if (!(tail > 0))
		return p > 0.5 ? INFINITY : -INFINITY;
	double t = sqrt(-2 * log(tail));
	double x = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
	    (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
	/* The start is good to 4.5e-4, and each step triples the digits. */
	for (int i = 0; i < 3; i++) {
		double density = exp(-x * x / 2) / sqrt(2 * M_PI);
		double step = (tail - normal_cdf(-x)) / density;
		x -= step / (1 + x * step / 2);
	}
	return p > 0.5 ? x : -x;
}

/* The coefficients d_1, d_2 ... of DLMF 8.17.23. */
static double
beta_coefficient(double a, double b, double x, int k)
{
	int half = k / 2;
	double m = half;

	if (k % 2)
		return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
	return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
}

static double
never_zero(double x)
{
	return fabs(x) < 1e-300 ? 1e-300 : x;
}

double
beta_regularised(double a, double b, double x)
{
	int sign;

	if (x <= 0 || x >= 1)
		return x > 0;
	/* The fraction converges fast on this side only. */
	if (x > (a + 1) / (a + b + 2))
		return 1 - beta_regularised(b, a, 1 - x);
	double front = exp(lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign) +
	    a * log(x) + b * log1p(-x)) / a;
	double f = 1, c = 1, d = 0;
	for (int k = 1; k < STEPS_MAX; k++) {
		double coefficient = beta_coefficient(a, b, x, k);
		d = 1 / never_zero(1 + coefficient * d);
		c = never_zero(1 + coefficient / c);
		f *= c * d;
		if (fabs(c * d - 1) < 1e-15)
			break;
	}
	return front / f;
}

/* The share above t >= 0. */
static double
student_tail(double t, double df)
{
	double t2 = t * t;

	/* Of the two sides of I, the one whose argument keeps its digits. */
	if (t2 < df)
		return (1 - beta_regularised(0.5, df / 2, t2 / (df + t2))) / 2;
	return beta_regularised(df / 2, 0.5, df / (df + t2)) / 2;
}

static double
student_density(double t, double df)
{
	int sign;

	return exp(lgamma_r((df + 1) / 2, &sign) - lgamma_r(df / 2, &sign) -
	    (df + 1) / 2 * log1p(t * t / df)) / sqrt(df * M_PI);
}

/* A & S 26.7.5. */
static double
student_expansion(double x, double df)
{
	double x2 = x * x;

	return x + x * (x2 + 1) / (4 * df) + x * ((5 * x2 + 16) * x2 + 3) / (96 * df * df);
}

double
student_t_quantile(double p, double df)
{
	double tail = fmin(p, 1 - p), low = 0, high = 1;

	if (!(df > 0) || !(tail > 0))
		return p > 0.5 ? INFINITY : -INFINITY;
	if (df >= NEARLY_NORMAL)
		return student_expansion(normal_quantile(p), df);
	while (student_tail(high, df) > tail && high < 1e150)
		high *= 2;
	double t = high / 2;
	/* Newton's steps, and a halving where one leaves the bracket. */
	for (int i = 0; i < STEPS_MAX && high - low > 1e-14 * high; i++) {
		double miss = student_tail(t, df) - tail;
		if (miss > 0)
			low = t;
		else
			high = t;
		double next = t + miss / student_density(t, df);
		if (fabs(next - t) <= 1e-14 * t)
			break;
		t = next > low && next < high ? next : (low + high) / 2;
	}
	return p > 0.5 ? t : -t;
}

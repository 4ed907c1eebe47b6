/* SPDX-License-Identifier: MIT */
#include "scenario/zipf.h"

#include <math.h>

#include "base/random.h"

/* Each rank k stands for the stretch k - 1/2 .. k + 1/2 under the hat x^-s. With t = (1 - s) ln x
 * the area from 1 to x is ln x * (e^t - 1)/t, which stays exact where s is near 1. */
static double
area(const struct zipf *z, double x)
{
	double log_x = log(x), t = (1 - z->exponent) * log_x;
	return fabs(t) > 1e-8 ? log_x * (expm1(t) / t) : log_x * (1 + t / 2);
}

static double
area_inverse(const struct zipf *z, double y)
{
	double t = y * (1 - z->exponent);
	if (t < -1)
		t = -1;   /* rounding at the far end */
	return exp(fabs(t) > 1e-8 ? y * (log1p(t) / t) : y * (1 - t / 2));
}

static double
height(const struct zipf *z, double x)
{
	return exp(-z->exponent * log(x));
}

struct zipf
zipf_make(uint64_t n, double exponent)
{
	struct zipf z = { .n = (double)n, .exponent = exponent };

	z.area_low = area(&z, 1.5) - 1;
	z.area_high = area(&z, z.n + 0.5);
	z.accept = 2 - area_inverse(&z, area(&z, 2.5) - height(&z, 2));
	return z;
}

uint64_t
zipf_rank(const struct zipf *z, uint64_t seed, uint64_t i)
{
	uint64_t own = random_at(seed, i);

	for (uint64_t draw = 0;; draw++) {
		double u = z->area_high + random_unit(random_at(own, draw)) * (z->area_low - z->area_high);
		double x = area_inverse(z, u);
		double k = fmin(fmax(floor(x + 0.5), 1), z->n);
		if (k - x <= z->accept || u >= area(z, k + 0.5) - height(z, k))
			return (uint64_t)k - 1;
	}
}

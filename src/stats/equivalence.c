/* SPDX-License-Identifier: MIT */
#include "stats/equivalence.h"

#include <math.h>

#include "stats/special.h"

#define PAIRS_MOST 1e9

double
equivalence_detectable(double sd, double n, double alpha, double power)
{
	double z = normal_quantile(1 - alpha / 2) + normal_quantile(power);

	return n > 0 ? z * sd / sqrt(n) : NAN;
}

int64_t
equivalence_pairs(double sd, double d, double alpha, double power)
{
	double one = equivalence_detectable(sd, 1, alpha, power);
	double n = ceil(one * one / (d * d));

	return n <= PAIRS_MOST ? (int64_t)n : 0;
}

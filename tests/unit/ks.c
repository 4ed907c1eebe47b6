/* SPDX-License-Identifier: MIT */
#include "ks.h"

#include <math.h>
#include <stdlib.h>

#include "stats/order.h"

double
ks_exponential(double *gaps, size_t n, double mean)
{
	double worst = 0;

	qsort(gaps, n, sizeof(*gaps), order_doubles);
	for (size_t i = 0; i < n; i++) {
		double f = 1 - exp(-gaps[i] / mean);
		worst = fmax(worst, f - (double)i / (double)n);
		worst = fmax(worst, (double)(i + 1) / (double)n - f);
	}
	return worst;
}

/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "compare/compare.h"

#define REQUESTS_LEAST 2000.0   /* twenty of them are slower than p99 */
#define TAUS           400.0
#define BUSY_MOST      0.95

double
compare_block_seconds(double rate, double busy)
{
	double gap = 1 - sqrt(fmin(busy, BUSY_MOST));
	double tau = busy / rate / (gap * gap);

	return fmax(TAUS * tau, REQUESTS_LEAST / rate) / (1 - COMPARE_DROPPED);
}

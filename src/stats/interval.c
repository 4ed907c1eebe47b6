/* SPDX-License-Identifier: MIT */
#include "stats/interval.h"

#include <math.h>

#include "stats/special.h"

#define Z95 1.959963984540054

struct interval
interval_quantile(const struct histogram *h, double q)
{
	double n = (double)h->count, half = Z95 * sqrt(n * q * (1 - q));
	struct interval r = { NAN, NAN, NAN };

	if (!h->count)
		return r;
	r.value = histogram_quantile(h, q);
	r.low = (double)histogram_rank(h, (int64_t)floor(n * q - half));
	double last = ceil(n * q + half);
	if (last <= n)
		r.high = (double)histogram_rank(h, (int64_t)last);
	return r;
}

struct interval
interval_blocks(const double *blocks, size_t n)
{
	struct interval r = { NAN, NAN, NAN };
	double sum = 0, squares = 0;

	if (!n)
		return r;
	for (size_t i = 0; i < n; i++)
		sum += blocks[i];
	r.value = sum / (double)n;
	if (n < 2)
		return r;
	for (size_t i = 0; i < n; i++)
		squares += (blocks[i] - r.value) * (blocks[i] - r.value);
	double half = student_t_quantile(0.975, (double)n - 1) * sqrt(squares / (double)(n - 1) / (double)n);
	r.low = r.value - half;
	r.high = r.value + half;
	return r;
}

/* SPDX-License-Identifier: MIT */
#include "stats/robust.h"

#include <math.h>
#include <string.h>
#include <sys/types.h>

#define HALF_MOST 15
#define WINDOW_LEAST 24
#define WINDOW_SHARE 4             /* a window is a quarter of the series */
#define WINDOW_MOST 400
#define CUT 4.0                    /* a difference counts for at most so many times the median one */
#define STEP_TO_SD 0.8862          /* sqrt(pi) / 2: mean difference of normal values to their sd */
#define SHRINK 8.0                 /* as many differences more that are like the mean of all */

/* Wirth's selection (Algorithms + Data Structures, 2.3.4): the value at rank k, smaller ones before
 * it, larger ones behind. */
static double
select_rank(double *v, size_t n, size_t k)
{
	ssize_t low = 0, high = (ssize_t)n - 1, rank = (ssize_t)k;

	while (low < high) {
		double pivot = v[rank];
		ssize_t i = low, j = high;
		while (i <= j) {
			while (v[i] < pivot)
				i++;
			while (pivot < v[j])
				j--;
			if (i > j)
				break;
			double swap = v[i];
			v[i++] = v[j];
			v[j--] = swap;
		}
		if (j < rank)
			low = i;
		if (rank < i)
			high = j;
	}
	return v[k];
}

double
median_take(double *v, size_t n)
{
	double upper = select_rank(v, n, n / 2);
	if (n % 2)
		return upper;
	double lower = v[0];
	for (size_t i = 1; i < n / 2; i++)
		lower = fmax(lower, v[i]);
	return (lower + upper) / 2;
}

void
robust_clean(const double *y, size_t n, size_t half, double limit, const double *spread, double *out)
{
	double near[2 * HALF_MOST + 1];

	half = half < HALF_MOST ? half : HALF_MOST;
	for (size_t i = 0; i < n; i++) {
		size_t from = i > half ? i - half : 0, to = i + half < n ? i + half + 1 : n;
		memcpy(near, y + from, (to - from) * sizeof(*y));
		double middle = median_take(near, to - from);
		out[i] = fabs(y[i] - middle) > limit * spread[i] ? middle : y[i];
	}
}

void
robust_spread(struct arena *scratch, const double *y, size_t n, double *ret_spread)
{
	double *step = arena_alloc(scratch, 2 * n * sizeof(*step)), *sums = step + n;

	for (size_t i = 0; i + 1 < n; i++)
		step[i] = sums[i] = fabs(y[i + 1] - y[i]);
	double cut = CUT * median_take(sums, n - 1);
	sums[0] = 0;
	for (size_t i = 0; i + 1 < n; i++)
		sums[i + 1] = sums[i] + (cut > 0 && step[i] > cut ? cut : step[i]);
	double mean = sums[n - 1] / (double)(n - 1);
	size_t half = n / WINDOW_SHARE / 2;
	half = half < WINDOW_LEAST / 2 ? WINDOW_LEAST / 2 : half > WINDOW_MOST / 2 ? WINDOW_MOST / 2 : half;
	for (size_t i = 0; i < n; i++) {
		size_t from = i > half ? i - half : 0, to = i + half < n ? i + half : n - 1;
		double count = (double)(to - from);
		double local = (sums[to] - sums[from] + SHRINK * mean) / (count + SHRINK);
		ret_spread[i] = STEP_TO_SD * local;
	}
}

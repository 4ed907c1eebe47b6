/* SPDX-License-Identifier: MIT */
#include "stats/steady.h"

#include <math.h>

#define BATCH  5
#define LEFT   5   /* batches: fewer are alike by chance */
#define IN_ROW 3

static double
batch_mean(const double *y, size_t batch)
{
	double sum = 0;

	for (size_t i = 0; i < BATCH; i++)
		sum += y[batch * BATCH + i];
	return sum / BATCH;
}

size_t
steady_mser5(const double *y, size_t n)
{
	size_t batches = n / BATCH, best = batches;
	size_t half = batches / 2;
	double left = fmin(LEFT, (double)half);
	double mean = 0, squares = 0, least = INFINITY;

	if (batches < 2)
		return n;
	/* From the end to the front, so that each step adds one batch (Welford). */
	for (size_t first = batches; first-- > 0;) {
		double kept = (double)(batches - first), off = batch_mean(y, first) - mean;
		mean += off / kept;
		squares += off * (batch_mean(y, first) - mean);
		if (kept >= left && squares / (kept * kept) <= least) {
			least = squares / (kept * kept);
			best = first;
		}
	}
	/* At the edge of what was tried it is no minimum: a line rises to there, too. */
	return best <= batches / 2 && (double)(batches - best) > left ? best * BATCH : n;
}

size_t
steady_three(const double *y, size_t n, double within)
{
	for (size_t i = 0; i + IN_ROW <= n; i++) {
		double least = y[i], most = y[i];
		for (size_t k = 1; k < IN_ROW; k++) {
			least = fmin(least, y[i + k]);
			most = fmax(most, y[i + k]);
		}
		if (most - least <= within * fabs(least))
			return i;
	}
	return n;
}

/* SPDX-License-Identifier: MIT */
/* Medians, and what is built on them: figures that a few wild values cannot move. */
#pragma once

#include <stddef.h>

#include "base/arena.h"

/* The middle of n >= 1 values; changes their order. */
double median_take(double *v, size_t n);

/* Replace what stands out of its neighbours by their median: Hampel's identifier (Davies & Gather,
 * The identification of multiple outliers, JASA 88, 1993) over `half` <= 15 points on each side and
 * at `limit` times the spread of the point. `out` must not be `y`. */
void robust_clean(const double *y, size_t n, size_t half, double limit, const double *spread,
    double *out);

/* Standard deviation around each of n >= 2 points from the differences of neighbours, so that steps
 * and slow movements do not count: their mean in a window, each cut at four times the median,
 * shrunk towards the mean of all. 0 only where the series is constant. */
void robust_spread(struct arena *scratch, const double *y, size_t n, double *ret_spread);

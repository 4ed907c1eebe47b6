/* SPDX-License-Identifier: MIT */
/* 95 % intervals of means and quantiles. Pure functions. */
#pragma once

#include <stddef.h>

#include "stats/histogram.h"

struct interval {
	double value, low, high;   /* NAN: not known */
};

/* A quantile with the values at the ranks n q -+ 1.96 sqrt(n q (1 - q)) (Conover, Practical
 * Nonparametric Statistics, 3.2): no assumption on the distribution, only that the values are
 * independent. `high` is NAN where the rank would lie behind the last value. */
struct interval interval_quantile(const struct histogram *h, double q);

/* Mean of n blocks (batch means, Law & Kelton, 9.5.3): `blocks` holds one figure per block of the
 * run, each long enough that neighbours hardly depend on each other. low, high NAN when n < 2. */
struct interval interval_blocks(const double *blocks, size_t n);

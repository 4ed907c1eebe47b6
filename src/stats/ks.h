/* SPDX-License-Identifier: MIT */
/* How far are gaps between arrivals from what they should be? Pure functions. */
#pragma once

#include <stddef.h>

/* Kolmogorov-Smirnov distance (largest difference of the distribution functions, 0..1) of `n`
 * gaps to the exponential distribution with this mean. Sorts `gaps`. */
double ks_exponential(double *gaps, size_t n, double mean);

/* A constant has no distance of that kind worth reading: the share of gaps within
 * +-tolerance (a ratio) of `gap` instead. */
double ks_constant_share(const double *gaps, size_t n, double gap, double tolerance);

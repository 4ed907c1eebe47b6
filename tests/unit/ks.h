/* SPDX-License-Identifier: MIT */
/* How far are gaps between arrivals from what they should be? Pure functions. */
#pragma once

#include <stddef.h>

/* Kolmogorov-Smirnov distance (largest difference of the distribution functions, 0..1) of `n`
 * gaps to the exponential distribution with this mean. Sorts `gaps`. */
double ks_exponential(double *gaps, size_t n, double mean);

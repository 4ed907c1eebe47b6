/* SPDX-License-Identifier: MIT */
/* Does a quantity grow? The least-squares line through (t, y) with a 95 % interval of its slope.
 *
 * Neighbouring samples of a process are alike, and the textbook interval would then be far too
 * narrow; it is widened by the residuals' lag-1 correlation rho: n (1 - rho) / (1 + rho) samples
 * count as independent (Santer et al. 2000, doi:10.1029/1999JD901105). */
#pragma once

#include <stddef.h>

struct slope {
	double per_t;        /* change of y per unit of t; NAN: fewer than three samples or one t */
	double low, high;    /* 95 % */
	double rho;          /* lag-1 correlation of the residuals, 0 when negative */
};

/* Samples in order of t; points whose y is NAN are left out. */
struct slope slope_fit(const double *t, const double *y, size_t n);

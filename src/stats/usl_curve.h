/* SPDX-License-Identifier: MIT */
/* The Universal Scalability Law as a problem of least squares. Private to stats.
 *
 * In N/X the law is linear: (N / n_max) / (x / x_max) = q0 + q1 (N - 1)/n_max + q2 N(N - 1)/n_max^2.
 * The fit is over q, all of the order of 1, where the way to the least squares in x is short. */
#pragma once

#include "stats/usl.h"

#define USL_PARAMETERS 3   /* with two of them beta is 0 */

struct usl_curve {
	const struct usl_data *d;
	bool *out;                 /* the points that are left out */
	double n_max, x_max, weight_max;   /* of all points */
};

struct usl_curve usl_curve(const struct usl_data *d, bool *out);

double usl_curve_weight(const struct usl_curve *c, size_t i);   /* its root; 0: left out */

/* Returns the sum of squares, of x / x_max at weights / weight_max; from several starts. */
double usl_curve_best(struct usl_curve *c, int parameters, double q[USL_PARAMETERS]);

/* The same with beta >= 0. */
double usl_curve_fit(struct usl_curve *c, double q[USL_PARAMETERS]);

void *usl_scratch(size_t n, size_t size);   /* zeroed; the caller frees it */

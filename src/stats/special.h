/* SPDX-License-Identifier: MIT */
/* Distribution functions and their inverses, to about 1e-10 relative, also far out in the tails.
 * Pure functions. DLMF: NIST Digital Library of Mathematical Functions, dlmf.nist.gov. */
#pragma once

/* Standard normal: the share below x (DLMF 7.2.2), and the x below which a share 0 < p < 1 lies
 * (Abramowitz & Stegun 26.2.23 as a start, then Halley's iteration). */
double normal_cdf(double x);
double normal_quantile(double p);

/* Regularised incomplete beta function I_x(a, b), a and b > 0, 0 <= x <= 1: the continued fraction
 * DLMF 8.17.22 by Lentz's method (Lentz, Applied Optics 15, 668, 1976). */
double beta_regularised(double a, double b, double x);

/* The t below which a share 0 < p < 1 of Student's distribution with df > 0 degrees of freedom lies
 * (DLMF 8.17 with Abramowitz & Stegun 26.7.1, from a million on the expansion 26.7.5). With no
 * degree of freedom nothing is known: the quantile is then infinite. Beyond 1e150, where only a df
 * below 0.01 gets, it is cut off. */
double student_t_quantile(double p, double df);

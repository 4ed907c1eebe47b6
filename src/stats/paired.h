/* SPDX-License-Identifier: MIT */
/* What n paired differences say about their middle, whatever their distribution is, as long as it
 * is symmetric. The members of a pair saw the same conditions; pairs are independent of each
 * other.
 *
 * The estimate is that of Hodges & Lehmann, the median of all n (n + 1) / 2 Walsh averages (d_i +
 * d_j) / 2, i <= j. The interval inverts Wilcoxon's signed-rank test: its ends are Walsh averages,
 * counted in from both sides (Hollander, Wolfe & Chicken, Nonparametric Statistical Methods, 3.2
 * and 3.3). The distribution under no difference is exact up to PAIRED_EXACT pairs, by counting
 * the subsets of 1..n with each sum, and normal with a correction for continuity above. Averages
 * that are tied with the tested value speak against a difference, so ties and zeros make test and
 * interval wider, never narrower than they say (Lehmann, Nonparametrics, 4.2).
 *
 * An end that no data of this size can state is infinite: 95 % need six pairs. */
#pragma once

#include <stddef.h>

#include "stats/interval.h"

#define PAIRED_EXACT 50
#define PAIRED_MAX   1000   /* pairs; what comes later is not looked at */

struct paired {
	size_t n, n_walsh;
	double *walsh;      /* ascending */
	double *below;      /* chance of a rank sum of at most i; NULL above PAIRED_EXACT */
	double mean, sd;    /* of the differences as they are; sd NAN when n < 2 */
};

/* All differences finite. Out of memory aborts. */
void paired_init(struct paired *p, const double *differences, size_t n);
void paired_done(struct paired *p);

/* Estimate and interval of the middle with `confidence` (0..1); value NAN when n is 0. */
struct interval paired_interval(const struct paired *p, double confidence);

/* Two-sided p-value of "the middle is `at`": at most alpha exactly when the interval with the
 * confidence 1 - alpha does not hold `at`. */
double paired_p(const struct paired *p, double at);

/* The smallest p-value that n pairs can give: 2^(1-n). (By the normal approximation above
 * PAIRED_EXACT it is larger, and still below any level.) */
double paired_p_least(size_t n);

/* The standard deviation of a difference as the test feels it: from the width of the 95 % interval
 * (Lehmann, Annals of Mathematical Statistics 34, 1963), so that one wild pair hardly counts. Of
 * normal differences it is their own. The plain one when the interval is unbounded. */
double paired_sd_robust(const struct paired *p);

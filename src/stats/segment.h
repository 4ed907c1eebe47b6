/* SPDX-License-Identifier: MIT */
/* The best levels of a series: it is cut where that makes the squares smaller than the penalty says.
 *
 * Optimal partitioning with the pruning of PELT (Killick, Fearnhead & Eckley, JASA 107, 2012,
 * section 3). Noise may differ from point to point and neighbours may be alike: squares are those
 * of the innovations of a first-order autoregression that begins anew at each cut, so they add up
 * over segments (generalised least squares, Brockwell & Davis, Time Series: Theory and Methods,
 * 8.7). For one level that is the long-run variance, and for a short one the sharp edge counts. */
#pragma once

#include <stddef.h>

#include "base/arena.h"

/* What is known of the noise. */
struct segment_noise {
	const double *weight;   /* of each point: 1 / its relative standard deviation */
	double phi;             /* correlation of neighbours, 0..0.95 */
};

struct segment_cuts {
	size_t *at;             /* first points of the segments, at[0] = 0, at[n] = number of points */
	size_t n;               /* segments */
};

/* Sums of whitened series, from which the cost of any segment follows at once. */
struct segment_sums;
struct segment_sums *segment_sums(struct arena *a, const double *y, size_t n,
    const struct segment_noise *noise);

/* Level of from..to-1 and its squares. */
double segment_level(const struct segment_sums *s, size_t from, size_t to, double *ret_cost);

/* The cuts with the least squares + penalty * (segments - 1), nearly always where phi > 0; no segment
 * is shorter than `least`. The work grows with the square of the points. */
struct segment_cuts segment_find(struct arena *a, const struct segment_sums *s, double penalty,
    size_t least);

/* Series to innovations: a first point of a segment counts for itself. */
void segment_whiten(const double *y, size_t n, const struct segment_noise *noise,
    const struct segment_cuts *cuts, double *ret);

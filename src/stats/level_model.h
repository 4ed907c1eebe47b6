/* SPDX-License-Identifier: MIT */
/* The model that explains a series best: levels between cuts, perhaps a trend, a season, noise whose
 * neighbours are alike, noise that differs from place to place.
 *
 * All of these look like one another in a short series, so none is removed beforehand: each
 * combination is fitted as a whole, from several starts, and the one with the least penalised
 * likelihood is taken (Schwarz's criterion with a penalty for each cut, as in Shi, Gallagher, Lund &
 * Killick, A comparison of single and multiple changepoint techniques for time series data, CSDA
 * 170, 2022). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "stats/segment.h"
#include "stats/shape.h"

struct level_model {
	struct shape shape;
	struct segment_noise noise;
	double variance;           /* of an innovation of weight 1 */
	double score;              /* less is better */
	struct segment_cuts cuts;
};

/* `y` cleaned of outliers; `spread` the standard deviation around each point, above 0 (robust.h). What
 * the model points to lives in `a`. */
void level_model_find(struct arena *a, const double *y, const double *spread, size_t n,
    struct level_model *ret);

/* What `y` is without trend and season. */
void level_model_flatten(const struct level_model *m, const double *y, size_t n, double *ret);

/* A model of the means of `fold` neighbours each becomes one of all n points: cuts to within `fold`,
 * the noise is that of single points. */
void level_model_unfold(struct arena *a, const double *y, size_t n, size_t fold,
    struct level_model *m);

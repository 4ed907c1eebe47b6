/* SPDX-License-Identifier: MIT */
/* What moves a series besides changes of level: a straight trend and a season.
 *
 * Both are fitted together with the levels between given cuts, so that a step does not bend the
 * line, by generalised least squares on innovations (segment.h). A season is a few sine waves of
 * one period, found where the autocorrelation of what is left peaks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "stats/segment.h"

#define SHAPE_WAVES 3

struct shape {
	bool trend;
	double period;             /* in points; 0 no season */
	size_t waves;              /* of that period, its half, its third */
	double slope;              /* per point */
	double sine[SHAPE_WAVES], cosine[SHAPE_WAVES];
};

/* Parameters that a fit chooses. */
size_t shape_freedom(const struct shape *s);

/* Fit slope and waves next to the levels between the cuts. */
void shape_fit(struct arena *a, struct shape *s, const double *y, size_t n,
    const struct segment_noise *noise, const struct segment_cuts *cuts);

/* The shape's own part of each point, around 0. */
void shape_values(const struct shape *s, size_t n, double *ret);

/* The likeliest period of a series without trend and steps: the highest peak of its autocorrelation
 * that noise alone would not make. 0: none. */
double shape_period(struct arena *a, const double *residual, size_t n);

/* The period near `period` whose wave explains most of the series. */
double shape_refine(const double *r, size_t n, double period);

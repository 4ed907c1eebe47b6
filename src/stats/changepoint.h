/* SPDX-License-Identifier: MIT */
/* Where did the level of a series change for good?
 *
 * Outliers are replaced (robust.h); then levels, trend, season and noise are fitted together
 * (level_model.h, segment.h, shape.h), and of the cuts found those count whose levels differ by three
 * standard errors and by more than the noise of about one point. A series of more than 500 points
 * is searched in means of its neighbours, so changes that last less than a sixtieth of it are
 * not seen there. Scores: bench/prove/changepoints.py. */
#pragma once

#include <stddef.h>

struct changepoint {
	size_t at;                /* index of the first point of the new level */
	size_t low, high;         /* it lies in low..high with 95 % */
	double before, after;     /* levels, robust */
	double confidence;        /* 0..1 that there is a change at all (near it) */
};

/* Write at most `room` change points in order of `at`; returns their number. `y` finite, in order of
 * time, evenly spaced or taken as such. Pure; allocates scratch memory, out of memory aborts. */
size_t changepoints(const double *y, size_t n, struct changepoint *ret, size_t room);

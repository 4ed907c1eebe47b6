/* SPDX-License-Identifier: MIT */
/* Looking at growing data more than once without claiming more than was promised.
 *
 * The chance alpha of a false claim is spent over the looks (Lan & DeMets, Biometrika 70, 1983):
 * by the time that a share t of the planned data is there, at most alpha t^exponent of it (the
 * power family of Kim & DeMets, Biometrika 74, 1987).
 *
 * Which exponent? Ten pairs are the first look at a plan of forty, and the signed-rank test of ten
 * pairs cannot give a p-value below 2/1024 = 0.00195. Of a total of 0.01 the spending of O'Brien &
 * Fleming leaves 4e-8 for that look, and Pocock's 0.0036, which is too little once a family of
 * metrics shares it. With the exponent 1/2 it is half, 0.005: what has a share of 0.4 of alpha can
 * be decided by ten pairs. The price is a level of 0.0036 instead of 0.0098 at the last look: a
 * fifth more pairs for the smallest effects. What cannot be decided early anyway is better off
 * with the exponent 2. */
#pragma once

#include <stddef.h>

#define SPENDING_EARLY 0.5
#define SPENDING_LATE  2.0
#define SPENDING_LOOKS 8   /* at most */

/* The two-sided level at which to test at each look, so that the chance of ever passing one is
 * alpha when nothing changed. `share` holds the looks' shares of the planned data, ascending, the
 * last 1. `least` holds the smallest p-value that each look's test can give at all: a look that
 * cannot reach its level is not taken (level 0), and what it would have spent is left to the next
 * one.
 *
 * Levels by recursive integration of the normal process with independent increments (Armitage,
 * McPherson & Rowe, J. Royal Statistical Society A 132, 1969). An exact test of discrete data
 * rejects less often at each look, so that alpha is a bound for it. */
void spending_levels(double alpha, double exponent, const double *share, const double *least,
    size_t looks, double *ret_levels);

/* SPDX-License-Identifier: MIT */
/* Planning figures of a paired comparison: what could it have found, and what would it take? By
 * the normal approximation, which is a little too hopeful below ten pairs. Pure functions.
 *
 * Equivalence itself needs no function: two one-sided tests at the level alpha (Schuirmann, J.
 * Pharmacokinetics and Biopharmaceutics 15, 1987) both reject exactly when the interval of
 * confidence 1 - 2 alpha lies inside the margins. */
#pragma once

#include <stdint.h>

/* The smallest difference that n pairs find with chance `power` by a two-sided test at `alpha` when
 * a single difference has the standard deviation sd: (z_(1-alpha/2) + z_power) sd / sqrt(n) (Cohen,
 * Statistical Power Analysis, 2.4). NAN when n is 0. */
double equivalence_detectable(double sd, double n, double alpha, double power);

/* Pairs needed to find a difference d > 0, rounded up; 0 when not known or beyond all sense. */
int64_t equivalence_pairs(double sd, double d, double alpha, double power);

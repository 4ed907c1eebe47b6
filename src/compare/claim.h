/* SPDX-License-Identifier: MIT */
/* Which of many figures differ, without one false alarm among all of them more often than alpha.
 * Private to compare/. */
#pragma once

#include "compare/compare.h"
#include "compare/metric.h"

/* The looks that are planned: their shares of all pairs, and which one this is (from 0). */
struct looks {
	double share[COMPARE_LOOKS + 1];
	size_t n, now;
};

/* After each of compare_looks that comes before `pairs_at_most` pairs (0: the last of them), and after these. `look`:
 * which one this is, from 1. */
struct looks looks_plan(int64_t pairs_at_most, int64_t look);
bool looks_last(const struct looks *looks);

/* Set level, level_last and different of figures that share `alpha`. Each gets a part of it by its
 * metric's weight; what is found to differ gives its part to the others (Holm, Scandinavian J. of
 * Statistics 6, 1979, with weights), at this look and over the looks (Maurer & Bretz, Statistics in
 * Biopharmaceutical Research 5, 2013). Figures without pairs take nothing. */
void claim_family(struct figure *figures, size_t n, double alpha, const struct looks *looks);

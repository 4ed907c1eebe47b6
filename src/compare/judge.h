/* SPDX-License-Identifier: MIT */
/* From tests to verdicts: the table in compare.h. Private to compare/. */
#pragma once

#include "compare/claim.h"

#define POWER           0.8    /* of what is called detectable */
#define PRIMARY_ENOUGH  0.05   /* who cannot see even that in the primary metric says nothing */

/* Set detectable, detectable_most and outcome of a figure whose claim is made. */
void judge_figure(struct figure *f, const struct looks *looks);

/* Whether what is left open about a figure matters to the verdict "same". */
bool judge_open(const struct figure *f, const struct looks *looks);

/* Too noisy here for its margin, even with all pairs that may be taken. */
bool judge_blind(const struct figure *f);

enum outcome judge_all(const struct figure *figures, size_t n, bool answers_differ,
    const struct looks *looks);

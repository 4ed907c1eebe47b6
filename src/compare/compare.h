/* SPDX-License-Identifier: MIT */
/* compare: from two measurements to what changed. Pure functions of the record.
 *
 * The unit of analysis is the block, never the request: requests of one block wait for each other,
 * and tests on them call most unchanged services changed. A figure's effect is the Hodges-Lehmann
 * estimate of the log ratios within pairs, with the interval that inverts Wilcoxon's signed-rank
 * test (Hollander, Wolfe & Chicken, Nonparametric Statistical Methods, 3.1-3.3). */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "run/run.h"

/* Pairs after which a look is taken; the chance of a false claim is spent over the looks. */
#define COMPARE_LOOKS 3
extern const int64_t compare_looks[COMPARE_LOOKS];   /* 10, 20, 40 */

/* From p->blocks: p->comparisons, p->effect, p->before and p->after (their figures under load),
 * p->noise.block_*, p->verdict and p->why. `look` counts from 1; p->alpha must be set. What `answers` hold counts too: a
 * faster wrong answer is worse. Call it again after more blocks: it replaces what it wrote. */
void compare_blocks(struct run *r, struct run_proof *p, int64_t look);

/* Is the question decided, so that no more pairs are needed? */
bool compare_is_decided(const struct run_proof *p);

/* May these two finished runs be compared at all? -EINVAL with the reason and what to do: one is not
 * finished, a comparison itself or without load, or workload, machine or method differ. */
int compare_allowed(const struct run *a, const struct run *b, struct err *e);

/* Fill p as above, and p->arms, from two finished runs that compare_allowed() lets pass; p->source says
 * that it is an estimate. There are no pairs then, and what the machine did between the runs is not known:
 * intervals are wider by `between`, the relative standard deviation of latency from run to run
 * (history/; that of CPU time is taken as a third of it), or a cautious preset where it is NAN. */
void compare_runs(const struct run *a, const struct run *b, double between, struct run *r,
    struct run_proof *p);

/* What changed inside, from the profiles of two runs: p->differences, largest first, at most 20, only
 * what is larger than chance explains; and p->diff_stacks. Call it after the comparisons are there: the
 * CPU time of a request is taken from them. */
void compare_profiles(const struct run *a, const struct run *b, struct run *r,
    struct run_proof *p);

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

/* Share of a block's time, at its front, whose requests are not counted: the queue fills. */
#define COMPARE_DROPPED 0.1

/* How long a block must be at `rate` requests a second that keep the busier of both services busy
 * for the share `busy` of its saturation throughput, so that intervals of p99 hold what they say:
 * 400 relaxation times of its queue, S / (c (1 - sqrt(busy))^2) with c servers of service time S
 * (Cohen, The Single Server Queue, III.7), and two thousand requests. In shorter blocks the ratio
 * of two p99 is too close to 1 (bench/prove/simulate.c measures it); a test whether it is 1 is not
 * harmed. */
double compare_block_seconds(double rate, double busy);

/* Is B better? The verdict of a figure, from its pairs at this look:
 *
 *   test                                                    | estimate          | verdict
 *   --------------------------------------------------------|-------------------|-------------------
 *   finds a difference, with all other figures and looks in | beyond the margin | worse or better
 *   mind: p->alpha is the chance that any of them lies      | and the floor     |
 *   any other                                               | 90 % interval     | same (with a
 *                                                           | within the margin | real, small change
 *                                                           |                   | it says so)
 *   any other                                               | else              | inconclusive
 *
 * The floor is what can be feigned. Two processes of one program differ: three errors of 0.7 %
 * from start to start, over the root of the starts of each arm (p->arms, one when unknown), of CPU
 * and throughput, 3 % and a MiB of memory; of latency 1 / (1 - busy) times that of throughput, and on
 * a machine of the grade "noisy" also twice the error of the machine's own speed, told by the blocks'
 * `spin`.
 *
 * A figure that is inconclusive is *open* as long as it may still matter: its interval (95 %, at
 * the last look 90 %) reaches beyond its margin, its floor and what all pairs that may be taken
 * would find. At the last look a figure other than the primary one that is too noisy for its
 * margin on this machine is not open either; `why` then says what could not be seen. Routes are
 * never open. The primary figure, CPU per request or else p50, is open in any case where it is
 * higher by a difference that may be one of starts alone, and where 5 % could not be found.
 *
 *   answers differ | any worse | any better | any open | verdict
 *   ---------------|-----------|------------|----------|-------------------------------------------
 *   yes            |           |            |          | worse
 *   no             | yes       |            |          | worse; `why` names what is better, too
 *   no             | no        | yes        |          | better
 *   no             | no        | no         | yes      | inconclusive: `why` says what it takes
 *   no             | no        | no         | no       | same; inconclusive where most blocks are late
 *
 * Of alpha, the routes share 2 %; of the rest the primary figure has 41 %, p99 35 %, the others
 * what is left. What is not measured, or found to differ, gives its part to the others. A pair
 * counts for a figure when both blocks count (void_why) and know it: where errors hide a latency,
 * the error rate tells. "Same" at one look errs in at most 5 % of the cases in which a figure is
 * changed by its margin.
 *
 * From p->blocks: p->comparisons, p->effect, p->before and p->after (their figures under load),
 * p->noise.block_*, p->looks, p->verdict and p->why. `look` counts from 1; p->alpha must be set;
 * p->rate, p->noise.grade, p->pairs_at_most (0: 40), p->arms and p->answers are used where they
 * are known. Bounds that so few pairs cannot state are NAN. Call it again after more blocks: it
 * replaces what it wrote. */
void compare_blocks(struct run *r, struct run_proof *p, int64_t look);

/* The verdict of a proof as that of its run: r->verdict and r->headline. */
void compare_answer(struct run *r, const struct run_proof *p);

/* Is the question decided, so that no more pairs are needed? Not yet when B is better, but more
 * pairs might still show that another figure of it is worse. */
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

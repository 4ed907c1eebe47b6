/* SPDX-License-Identifier: MIT */
/* Predicted gain of a step after the steps before it.
 *
 * A finding's share x of the time, of which the fix removes a part g, leaves 1 - xg of the demand
 * at the limit: throughput rises by at most 1/(1 - x) (Amdahl, AFIPS 1967). At the same rate the
 * utilisation falls with the demand, and response time in an open queue goes with S/(1 - rho)
 * (queue_shared of stats/queueing.h):
 *
 *     R'/R = (1 - xg) (1 - rho) / (1 - rho (1 - xg))
 *
 * The lower end of the interval takes this with the largest g, the upper end takes no queueing
 * gain and the smallest g: 80 % is a judgement, not a measurement, and every figure is marked
 * modelled. Shares of findings at different places add up to at most 1; findings at the same
 * place share what is left of it. Private to plan/. */
#pragma once

#include "run/run.h"

#define PREDICT_LEFT_MIN 0.02   /* nothing becomes more than 50 times faster on paper */

/* What all steps so far leave of the demand; start with predict_start. */
struct predict {
	const struct run *run;
	double rho;                       /* utilisation at the limit */
	double left_low, left, left_high; /* of the demand: best case, expected, worst case */
	double cpu_left_low, cpu_left, cpu_left_high;   /* of the CPU time per request */
	double charged;                   /* shares of the places so far */
};

double predict_ceiling(double share);   /* 1/(1 - share) */

struct predict predict_start(const struct run *r);
/* Add a step for `f` with gains in [low, high] (80 %); `place_left` is what earlier steps left of
 * the same place (1: none). Writes the figures with this and all steps before into `out`. */
void predict_step(struct predict *p, const struct run_finding *f, double gain_low,
    double gain_high, double place_left, struct run_predicted *out);

/* SPDX-License-Identifier: MIT */
/* Private to compare/. */
#pragma once

#include "run/run.h"

/* How far equal services are apart from run to run, when nothing is known: the standard deviation of
 * the logarithm of a figure. Latency at a busy service follows the machine's speed by 1 / (1 - load),
 * so a machine that became a tenth slower makes it a quarter slower. With these, drift of a random walk
 * of 2 % a block or one step of 10 % between the runs is called a change in less than one of twenty
 * cases (tests/unit/compare_runs_test.c simulates it). */
#define BETWEEN_LATENCY 0.12
#define BETWEEN_CPU     0.04

/* The phase that a run's conclusions rest on: the traced load, else the measured one, else the last;
 * NULL none. */
const struct run_phase *compare_phase(const struct run *r);

/* Fill p->diff_stacks. `cpu` is the CPU time of a request on both sides; NAN: from the stacks. */
void compare_diff_stacks(const struct run *a, const struct run *b, const double cpu[2],
    struct run *r, struct run_proof *p);

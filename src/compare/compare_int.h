/* SPDX-License-Identifier: MIT */
/* Private to compare/. */
#pragma once

#include "run/run.h"

/* How far equal services are apart from run to run, when nothing is known: the standard deviation of
 * the logarithm of a figure. Latency at a busy service follows the machine's speed by 1 / (1 - load),
 * so a machine that became a tenth slower makes it a quarter slower. Of 300 unchanged services (M/M/1,
 * load 0.6, 30 s, simulated as in tests/unit/compare_runs_test.c) these call none changed on a steady
 * machine, 3 % where its speed walks by 2 % each ten seconds, 1 % where it makes one step of 10 %
 * between the runs. With 0.10 and 0.03 it were 0, 9 and 58 %, without them 31, 83 and 100 %. */
#define BETWEEN_LATENCY 0.12
#define BETWEEN_CPU     0.04

/* What else runs on the machine makes a request wait for a time slice, in one run more often than in
 * the next: seconds that a median and a tail may be off by themselves, one standard deviation. Of a
 * service of 0.5 ms on two busy cores the p95 of seven equal runs lay between 1.3 and 4.6 ms; 8 of
 * their 21 pairs were called changed without this, none with it. */
#define SLICE_MEDIAN 0.3e-3
#define SLICE_TAIL   3e-3

/* The phase that a run's conclusions rest on: the traced load, else the measured one, else the last;
 * NULL none. */
const struct run_phase *compare_phase(const struct run *r);

/* Fill p->diff_stacks. `cpu` is the CPU time of a request on both sides; NAN: from the stacks. */
void compare_diff_stacks(const struct run *a, const struct run *b, const double cpu[2],
    struct run *r, struct run_proof *p);

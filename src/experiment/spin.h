/* SPDX-License-Identifier: MIT */
/* How quiet is this machine? A fixed piece of work, timed again and again: what it takes longer than
 * usual is what others (neighbours, the hypervisor, interrupts) took. */
#pragma once

#include "run/run.h"

/* The mean of what it takes over a few repetitions, seconds: beside each block. */
double spin_now(void);

/* Measure for about `for_ns` without load and fill grade and spin_p99_over_p50. */
void spin_grade(struct run_noise *n, struct run *r, int64_t for_ns);

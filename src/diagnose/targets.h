/* SPDX-License-Identifier: MIT */
/* The promises of a run against what was measured. Private to diagnose/. */
#pragma once

#include "run/run.h"

enum target_state {
	TARGET_MET, TARGET_MISSED,
	TARGET_UNSURE,      /* the interval holds the limit */
	TARGET_UNPROVEN,    /* the promised load was not reached, and not for the service's fault */
	TARGET_UNMEASURED,  /* nothing in the run says anything about it */
};

/* Fill value, low, high, gap, met and src of every target. */
void targets_fill(struct run *r);
enum target_state target_state(const struct run *r, const struct run_target *t);
/* "p99 1.84 s, target 500 ms": measured value and limit in people's units. */
const char *target_text(struct run *r, const struct run_target *t);
bool target_is_rate(const struct run_target *t);

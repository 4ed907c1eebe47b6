/* SPDX-License-Identifier: MIT */
/* plan: what to do about the findings, best first, with predicted gain.
 *
 * A pure function of a diagnosed run. Predictions are cumulative: a step's figure is what is
 * expected with it and all steps before it. What has no undo is advice and says so. */
#pragma once

#include "run/run.h"

/* Writes r->plan (what was there before is dropped). */
void plan(struct run *r);

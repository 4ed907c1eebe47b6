/* SPDX-License-Identifier: MIT */
/* What workers of a fleet that were lost mean for the answer. */
#pragma once

#include "run/run.h"
#include "spec/spec.h"

/* Nothing is concluded from a load that was not offered in full, unless --allow-lost. */
void fleet_losses_judge(const struct spec *s, struct run *r);

/* SPDX-License-Identifier: MIT */
/* `export const options` of a k6 script: stages, scenarios and thresholds. */
#pragma once

#include "import/k6_value.h"

/* After the flows are there: scenarios may name which of them they run. `pause_s` is the think time
 * of one pass through the first flow, for the hint which rate virtual users would make. */
void k6_options(struct k6 *k, double pause_s);

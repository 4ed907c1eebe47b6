/* SPDX-License-Identifier: MIT */
/* The usual shapes of load, as parts of a schedule. Each call adds to what is there, so shapes can
 * be put together. Rates per second. */
#pragma once

#include "base/arena.h"
#include "load/schedule.h"

/* Zero-initialise with the arena. */
struct shape {
	struct arena *arena;
	struct schedule_part *parts;
	size_t n_parts;
};

void shape_constant(struct shape *s, double rate, int64_t for_ns);
void shape_ramp(struct shape *s, double from, double to, int64_t for_ns);

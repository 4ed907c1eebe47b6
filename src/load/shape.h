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

/* `count` levels: start, start + step, ... , each held so long. */
void shape_steps(struct shape *s, double start, double step, int count, int64_t each_ns);

/* At base, up to the peak, at the peak, down again, at base: what comes after the peak shows whether
 * the service recovers. It rises and falls in rise_ns each; each level is held for hold_ns. */
void shape_spike(struct shape *s, double base, double peak, int64_t rise_ns, int64_t hold_ns);

/* From nothing up to the rate, then held: what grows slowly has time to be seen. */
void shape_soak(struct shape *s, double rate, int64_t rise_ns, int64_t hold_ns);

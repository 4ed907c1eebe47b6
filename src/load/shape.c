/* SPDX-License-Identifier: MIT */
#include "load/shape.h"

void
shape_ramp(struct shape *s, double from, double to, int64_t for_ns)
{
	if (for_ns > 0)
		*ARENA_PUSH(s->arena, s->parts, s->n_parts) = (struct schedule_part){ from, to, for_ns };
}

void
shape_constant(struct shape *s, double rate, int64_t for_ns)
{
	shape_ramp(s, rate, rate, for_ns);
}

void
shape_steps(struct shape *s, double start, double step, int count, int64_t each_ns)
{
	for (int i = 0; i < count; i++)
		shape_constant(s, start + i * step, each_ns);
}

void
shape_spike(struct shape *s, double base, double peak, int64_t rise_ns, int64_t hold_ns)
{
	shape_constant(s, base, hold_ns);
	shape_ramp(s, base, peak, rise_ns);
	shape_constant(s, peak, hold_ns);
	shape_ramp(s, peak, base, rise_ns);
	shape_constant(s, base, hold_ns);
}

void
shape_soak(struct shape *s, double rate, int64_t rise_ns, int64_t hold_ns)
{
	shape_ramp(s, 0, rate, rise_ns);
	shape_constant(s, rate, hold_ns);
}

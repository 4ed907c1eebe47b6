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

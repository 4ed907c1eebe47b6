/* SPDX-License-Identifier: MIT */
/* How much was painted, for tests of who paints. */
#pragma once

#include "trace/paint.h"

static inline int64_t
painted_ns(const struct ledger *l)
{
	int64_t sum = 0;
	size_t at = 0;
	for (const struct map_slot *s; (s = map_next(&l->rows, &at)); )
		sum += (int64_t)s->value;
	return sum;
}

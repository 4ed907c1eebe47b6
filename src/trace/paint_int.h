/* SPDX-License-Identifier: MIT */
/* What the files of paint share. */
#pragma once

#include "trace/paint.h"

static inline int64_t
overlap(int64_t from, int64_t to, int64_t low, int64_t high)
{
	from = from > low ? from : low;
	to = to < high ? to : high;
	return to > from ? to - from : 0;
}

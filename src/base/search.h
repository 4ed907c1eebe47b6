/* SPDX-License-Identifier: MIT */
/* Binary search by a condition, where what is looked for is no member of the list. */
#pragma once

#include <stddef.h>

/* The first `i` below `n` for which `holds`, an expression with i in it, is true; n: there is none. Where it
 * is true for one, it must be so for all that follow. */
#define FIRST_WHERE(i, n, holds) \
	(__extension__({ \
		size_t low_ = 0, high_ = (n); \
		while (low_ < high_) { \
			size_t i = low_ + (high_ - low_) / 2; \
			if (holds) \
				high_ = i; \
			else \
				low_ = i + 1; \
		} \
		low_; \
	}))

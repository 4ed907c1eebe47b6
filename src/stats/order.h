/* SPDX-License-Identifier: MIT */
/* Orders for qsort. */
#pragma once

/* Doubles, smallest first; none of them NAN. */
static inline int
order_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

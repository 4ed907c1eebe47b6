/* SPDX-License-Identifier: MIT */
/* Where does a series of figures, one per block of a run, stop warming up? Pure functions. Both
 * give the number of figures to drop from the front, or n when the series never settled; who is
 * cautious takes the larger of the two. */
#pragma once

#include <stddef.h>

/* MSER-5 (White, Simulation 69, 1997; White, Cobb & Spratt, Winter Simulation Conference 2000): of
 * the means of fives, drop as many as make the squared standard error of the rest's mean least. A
 * minimum in the second half means that the series was too short, or never settled. At least five
 * means are kept, of fewer than ten half of them, because a few may be alike by chance (Hoad,
 * Robinson & Davies, J. Operational Research Society 61, 2010); where no more are left the series
 * has not settled. What does not fill a five at the end is not looked at; below twenty figures
 * nothing can be said (n) unless the means are all equal. */
size_t steady_mser5(const double *y, size_t n);

/* The first figure of three in a row that lie within the share `within` of the smallest of them. */
size_t steady_three(const double *y, size_t n, double within);

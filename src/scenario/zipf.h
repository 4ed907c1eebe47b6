/* SPDX-License-Identifier: MIT */
/* Zipf's law: rank k of n comes up in proportion to k^-exponent.
 *
 * Rejection-inversion (Hoermann and Derflinger, ACM TOMACS 6(3), 1996): no table, whatever n; less
 * than two draws on average. */
#pragma once

#include <stdint.h>

struct zipf {
	double n, exponent;
	double area_low, area_high;    /* of the hat curve: the range that is drawn from */
	double accept;                 /* so close below a rank nothing has to be rejected */
};

struct zipf zipf_make(uint64_t n, double exponent);   /* n >= 1, exponent > 0 */
uint64_t zipf_rank(const struct zipf *z, uint64_t seed, uint64_t i);   /* 0 .. n-1, 0 most often */

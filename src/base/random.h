/* SPDX-License-Identifier: MIT */
/* Randomness as a function: the i-th draw of a seed, whoever asks and in whatever order.
 *
 * SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) at position i: its state is a plain counter, so any
 * position can be asked for. Not for secrets. Any thread. */
#pragma once

#include <stdint.h>

/* 64 random bits for (seed, i). */
static inline uint64_t
random_at(uint64_t seed, uint64_t i)
{
	uint64_t z = seed + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* One of 0 .. n-1 from 64 random bits; n 0 stands for 2^64. Uneven by n / 2^64 at most. */
static inline uint64_t
random_below(uint64_t bits, uint64_t n)
{
	return n ? (uint64_t)((unsigned __int128)bits * n >> 64) : bits;
}

/* In [0, 1), on 53 bits. */
static inline double
random_unit(uint64_t bits)
{
	return (double)(bits >> 11) * 0x1p-53;
}

/* SPDX-License-Identifier: MIT */
/* Log-linear histogram of durations in nanoseconds.
 *
 * Each power of two is split into 256 equal buckets, so a bucket is never wider than 1/256 of its
 * values and a quantile is off by at most 0.4 %; below 512 ns values are kept exactly. The rows of
 * 256 counts come to exist when something first falls into them: a latency that spans ten powers
 * of two costs 20 KiB. Minimum, maximum and mean are exact. Values above HISTOGRAM_MAX (4.8 h)
 * are counted there, but the maximum stays true.
 *
 * Zero-initialise to use. One writer; readers merge or read when the writer is done. Out of
 * memory aborts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define HISTOGRAM_SUB_BITS 8
#define HISTOGRAM_OCTAVES  37
#define HISTOGRAM_MAX      ((INT64_C(1) << (HISTOGRAM_SUB_BITS + HISTOGRAM_OCTAVES - 1)) - 1)

struct histogram {
	int64_t count;
	int64_t min, max;                          /* exact; 0 when empty */
	double sum;
	uint64_t *octave[HISTOGRAM_OCTAVES];       /* rows of 256 counts, NULL: all zero */
};

uint64_t *histogram_row_(struct histogram *h, unsigned octave);

static inline void
histogram_record_n(struct histogram *h, int64_t value, int64_t n)
{
	if (value < 0)
		value = 0;
	uint64_t v = (uint64_t)(value < HISTOGRAM_MAX ? value : HISTOGRAM_MAX);
	unsigned octave = 64 - HISTOGRAM_SUB_BITS - (unsigned)__builtin_clzll(v | 255);
	uint64_t *row = h->octave[octave];
	if (__builtin_expect(!row, 0))
		row = histogram_row_(h, octave);
	row[(v >> (octave ? octave - 1 : 0)) & 255] += (uint64_t)n;
	if (value < h->min || !h->count)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->count += n;
	h->sum += (double)value * (double)n;
}

static inline void
histogram_record(struct histogram *h, int64_t value)
{
	histogram_record_n(h, value, 1);
}

/* The value that a share `q` (0..1) of the values does not pass: the ceil(q n)-th smallest. NAN
 * when empty. */
double histogram_quantile(const struct histogram *h, double q);
double histogram_mean(const struct histogram *h);    /* NAN when empty */
/* The value of the k-th smallest, 1 <= k <= count; out of range is clamped. 0 when empty. */
int64_t histogram_rank(const struct histogram *h, int64_t k);

void histogram_merge(struct histogram *into, const struct histogram *from);
void histogram_clear(struct histogram *h);   /* empties, keeps the memory */
void histogram_done(struct histogram *h);    /* releases; the histogram is empty and usable */

/* Walk the buckets that hold something, in ascending order; start with a zeroed cell. */
struct histogram_cell {
	int64_t low, high;    /* smallest and largest value that fall into it */
	int64_t count;
	unsigned next_;
};
bool histogram_next(const struct histogram *h, struct histogram_cell *c);

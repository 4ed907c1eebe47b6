/* SPDX-License-Identifier: MIT */
#include "stats/histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUBS (1u << HISTOGRAM_SUB_BITS)

uint64_t *
histogram_row_(struct histogram *h, unsigned octave)
{
	uint64_t *row = calloc(SUBS, sizeof(*row));
	if (!row)
		abort();
	h->octave[octave] = row;
	return row;
}

bool
histogram_next(const struct histogram *h, struct histogram_cell *c)
{
	while (c->next_ < HISTOGRAM_OCTAVES * SUBS) {
		unsigned octave = c->next_ / SUBS, sub = c->next_ % SUBS;
		const uint64_t *row = h->octave[octave];
		if (!row) {
			c->next_ += SUBS - sub;
			continue;
		}
		c->next_++;
		if (!row[sub])
			continue;
		unsigned shift = octave ? octave - 1 : 0;
		int64_t first = octave ? SUBS + sub : sub;
		c->low = first << shift;
		c->high = c->low + (INT64_C(1) << shift) - 1;
		c->count = (int64_t)row[sub];
		return true;
	}
	return false;
}

int64_t
histogram_rank(const struct histogram *h, int64_t k)
{
	struct histogram_cell c = { 0 };
	int64_t seen = 0;

	if (k <= 1)
		return h->min;
	if (k >= h->count)
		return h->max;
	while (seen < k && histogram_next(h, &c))
		seen += c.count;
	int64_t middle = c.low + (c.high - c.low) / 2;
	return middle < h->min ? h->min : middle > h->max ? h->max : middle;
}

double
histogram_quantile(const struct histogram *h, double q)
{
	if (!h->count)
		return NAN;
	/* The product of an exact share and a count may land a hair above the whole number. */
	double rank = ceil(q * (double)h->count - 1e-9 * (double)h->count);
	return (double)histogram_rank(h, (int64_t)rank);
}

double
histogram_mean(const struct histogram *h)
{
	return h->count ? h->sum / (double)h->count : NAN;
}

void
histogram_merge(struct histogram *into, const struct histogram *from)
{
	if (!from->count)
		return;
	for (unsigned o = 0; o < HISTOGRAM_OCTAVES; o++) {
		if (!from->octave[o])
			continue;
		uint64_t *row = into->octave[o] ? into->octave[o] : histogram_row_(into, o);
		for (unsigned i = 0; i < SUBS; i++)
			row[i] += from->octave[o][i];
	}
	if (from->min < into->min || !into->count)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	into->count += from->count;
	into->sum += from->sum;
}

void
histogram_clear(struct histogram *h)
{
	for (unsigned o = 0; o < HISTOGRAM_OCTAVES; o++)
		if (h->octave[o])
			memset(h->octave[o], 0, SUBS * sizeof(*h->octave[o]));
	h->count = h->min = h->max = 0;
	h->sum = 0;
}

void
histogram_done(struct histogram *h)
{
	for (unsigned o = 0; o < HISTOGRAM_OCTAVES; o++)
		free(h->octave[o]);
	*h = (struct histogram){ 0 };
}

/* SPDX-License-Identifier: MIT */
#include "load/mix.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

/* A column of the table: `keep` of it is its own choice, the rest is another one's. */
struct column {
	double keep;
	uint32_t other;
};

struct mix {
	uint32_t n;
	struct column columns[];
};

static bool
all_equal(const double *weights, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++)
		if (weights[i] != weights[0])
			return false;
	return true;
}

static double
sum_of(const double *weights, uint32_t n)
{
	double sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		assert(weights[i] >= 0 && isfinite(weights[i]));
		sum += weights[i];
	}
	assert(sum > 0);
	return sum;
}

const struct mix *
mix_make(struct arena *a, const double *weights, uint32_t n)
{
	if (all_equal(weights, n))
		return NULL;
	struct mix *m = arena_alloc(a, sizeof(*m) + n * sizeof(m->columns[0]));
	uint32_t *todo = arena_alloc(a, n * sizeof(*todo));   /* small ones from the front ... */
	uint32_t small = 0, large = n;                        /* ... large ones from the back */
	double scale = n / sum_of(weights, n);

	m->n = n;
	for (uint32_t i = 0; i < n; i++) {
		m->columns[i] = (struct column){ weights[i] * scale, i };
		todo[weights[i] * scale < 1 ? small++ : --large] = i;
	}
	/* A small one is filled up by a large one, which shrinks by what it gave. */
	while (small > 0 && large < n) {
		uint32_t from = todo[large], to = todo[--small];
		m->columns[to].other = from;
		m->columns[from].keep -= 1 - m->columns[to].keep;
		if (m->columns[from].keep < 1) {
			large++;
			todo[small++] = from;
		}
	}
	/* What is left over is full, but for rounding. */
	while (small > 0)
		m->columns[todo[--small]].keep = 1;
	while (large < n)
		m->columns[todo[large++]].keep = 1;
	return m;
}

uint32_t
mix_pick(const struct mix *m, uint64_t random)
{
	unsigned __int128 wide = (unsigned __int128)random * m->n;
	const struct column *c = &m->columns[(uint32_t)(wide >> 64)];
	double place = (double)((uint64_t)wide >> 11) * 0x1p-53;

	return place < c->keep ? (uint32_t)(wide >> 64) : c->other;
}

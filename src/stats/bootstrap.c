/* SPDX-License-Identifier: MIT */
#include "stats/bootstrap.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "stats/order.h"
#include "stats/special.h"

#define DRAWS      1000
#define Z95        1.959963984540054
#define JOIN_LEAST (2 * BOOTSTRAP_BLOCKS_MIN)   /* so many blocks may become half as many */

/* ---- blocks -------------------------------------------------------------------------------- */

static void
join_neighbours(struct bootstrap *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i += 2) {
		struct histogram first = b->blocks[i];
		int64_t length = b->length[i];
		b->blocks[i] = (struct histogram){ 0 };
		if (i + 1 < b->n) {
			histogram_merge(&first, &b->blocks[i + 1]);
			histogram_done(&b->blocks[i + 1]);
			length += b->length[i + 1];
		}
		b->blocks[n] = first;
		b->length[n++] = length;
	}
	b->n = n;
	b->full *= 2;
}

void
bootstrap_add(struct bootstrap *b, const struct histogram *stretch)
{
	if (!b->n)
		b->full = 1;
	if (b->n && b->length[b->n - 1] < b->full) {
		histogram_merge(&b->blocks[b->n - 1], stretch);
		b->length[b->n - 1]++;
		return;
	}
	if (b->n == BOOTSTRAP_BLOCKS_MAX) {
		join_neighbours(b);
		bootstrap_add(b, stretch);
		return;
	}
	b->blocks[b->n] = (struct histogram){ 0 };
	histogram_merge(&b->blocks[b->n], stretch);
	b->length[b->n++] = 1;
}

void
bootstrap_done(struct bootstrap *b)
{
	for (size_t i = 0; i < b->n; i++)
		histogram_done(&b->blocks[i]);
	b->n = 0;
}

/* Correlation of the blocks' own quantiles with those of the next blocks. */
static double
resemblance(const struct bootstrap *b, double q)
{
	double y[BOOTSTRAP_BLOCKS_MAX], mean = 0, next = 0, all = 0;
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->blocks[i].count)
			y[n++] = log(fmax(1, histogram_quantile(&b->blocks[i], q)));
	for (size_t i = 0; i < n; i++)
		mean += y[i] / (double)n;
	for (size_t i = 0; i < n; i++) {
		all += (y[i] - mean) * (y[i] - mean);
		next += i + 1 < n ? (y[i] - mean) * (y[i + 1] - mean) : 0;
	}
	return all > 0 ? next / all : 0;
}

/* ---- drawing ------------------------------------------------------------------------------- */

/* How many values of each block fall into each cell of all blocks together, the largest first. */
struct table {
	size_t n_cells, n_blocks;
	double *value;             /* of a cell */
	uint32_t *count;           /* [cell * n_blocks + block] */
	int64_t of_block[BOOTSTRAP_BLOCKS_MAX];
};

static size_t
cells_of(const struct histogram *h)
{
	struct histogram_cell c = { 0 };
	size_t n = 0;
	while (histogram_next(h, &c))
		n++;
	return n;
}

static void
fill_block(struct table *t, const struct histogram *all, const struct histogram *block, size_t k)
{
	struct histogram_cell of_all = { 0 }, own = { 0 };
	bool more = histogram_next(block, &own);

	t->of_block[k] = block->count;
	for (size_t i = t->n_cells; i > 0 && histogram_next(all, &of_all); i--) {
		t->value[i - 1] = (double)(of_all.low + of_all.high) / 2;
		if (!more || own.low != of_all.low)
			continue;
		t->count[(i - 1) * t->n_blocks + k] = (uint32_t)own.count;
		more = histogram_next(block, &own);
	}
}

static struct table
table_of(const struct bootstrap *b)
{
	struct histogram all = { 0 };
	struct table t = { .n_blocks = b->n };

	for (size_t i = 0; i < b->n; i++)
		histogram_merge(&all, &b->blocks[i]);
	t.n_cells = cells_of(&all);
	t.value = calloc(t.n_cells + 1, sizeof(*t.value));
	t.count = calloc(t.n_cells * t.n_blocks + 1, sizeof(*t.count));
	if (!t.value || !t.count)
		abort();
	for (size_t i = 0; i < b->n; i++)
		fill_block(&t, &all, &b->blocks[i], i);
	histogram_done(&all);
	return t;
}

/* Blocks drawn `times` each: the value that a share q of their values does not pass. */
static double
drawn_quantile(const struct table *t, const uint32_t *times, double q)
{
	int64_t n = 0, above = 0;

	for (size_t k = 0; k < t->n_blocks; k++)
		n += (int64_t)times[k] * t->of_block[k];
	int64_t wanted = n - (int64_t)ceil(q * (double)n) + 1;
	for (size_t i = 0; i < t->n_cells; i++) {
		const uint32_t *count = &t->count[i * t->n_blocks];
		for (size_t k = 0; k < t->n_blocks; k++)
			above += (int64_t)times[k] * count[k];
		if (above >= wanted)
			return t->value[i];
	}
	return NAN;
}

static size_t
draw(const struct table *t, double q, uint64_t seed, double *ret)
{
	size_t n = 0;
	uint64_t at = 0;

	for (size_t i = 0; i < DRAWS; i++) {
		uint32_t times[BOOTSTRAP_BLOCKS_MAX] = { 0 };
		for (size_t k = 0; k < t->n_blocks; k++)
			times[random_below(random_at(seed, at++), t->n_blocks)]++;
		double v = drawn_quantile(t, times, q);
		if (isfinite(v))
			ret[n++] = v;
	}
	qsort(ret, n, sizeof(*ret), order_doubles);
	return n;
}

struct interval
bootstrap_quantile(struct bootstrap *b, double q, uint64_t seed)
{
	struct interval r = { NAN, NAN, NAN };
	double drawn[DRAWS];

	while (b->n >= JOIN_LEAST && resemblance(b, q) > Z95 / sqrt((double)b->n))
		join_neighbours(b);
	struct table t = table_of(b);
	uint32_t once[BOOTSTRAP_BLOCKS_MAX];
	for (size_t k = 0; k < b->n; k++)
		once[k] = 1;
	r.value = b->n ? drawn_quantile(&t, once, q) : NAN;
	size_t n = b->n >= BOOTSTRAP_BLOCKS_MIN ? draw(&t, q, seed, drawn) : 0;
	if (n && r.value > 0) {
		double blocks = (double)b->n;
		double wider = student_t_quantile(0.975, blocks - 1) / Z95 * sqrt(blocks / (blocks - 1));
		r.low = r.value * pow(drawn[(size_t)(0.025 * (double)n)] / r.value, wider);
		r.high = r.value * pow(drawn[(size_t)(0.975 * (double)n)] / r.value, wider);
	}
	free(t.value);
	free(t.count);
	return r;
}

/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "stats/usl_curve.h"

#define RISING_LEAST   3      /* points, of which two parameters are known */
#define ON_IT_LEAST    2
#define SQUARES_LEAST  1e-18  /* rounding */

struct split {
	double squares;
	double n;             /* where the rising part meets the ceiling */
	size_t rising;        /* points below it */
};

/* The points' numbers in order of their N. */
static size_t *
in_order(const struct usl_data *d)
{
	size_t *order = usl_scratch(d->count + 1, sizeof(*order));

	for (size_t i = 0; i < d->count; i++) {
		size_t at = i;
		for (; at > 0 && d->n[order[at - 1]] > d->n[i]; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return order;
}

static double
weight(const struct usl_curve *c, size_t i)
{
	return (c->d->weight ? c->d->weight[i] : 1) / c->weight_max;
}

/* The first `rising` points rise, the others lie on a ceiling at their mean. Squares INFINITY: the two
 * do not meet between them. */
static struct split
try_split(struct usl_curve *c, const size_t *order, size_t rising)
{
	double q[USL_PARAMETERS] = { 0 }, sum = 0, weights = 0, squares = 0;
	const struct usl_data *d = c->d;

	for (size_t k = 0; k < d->count; k++)
		c->out[order[k]] = k >= rising;
	squares = usl_curve_best(c, USL_PARAMETERS - 1, q);
	for (size_t k = rising; k < d->count; k++) {
		sum += weight(c, order[k]) * d->x[order[k]];
		weights += weight(c, order[k]);
	}
	double ceiling = sum / weights;
	for (size_t k = rising; k < d->count; k++)
		squares += weight(c, order[k]) * pow((d->x[order[k]] - ceiling) / c->x_max, 2);
	/* nu / (q0 + q1 (N - 1) / n_max) = ceiling / x_max, solved for N */
	double level = ceiling / c->x_max, slope = 1 - q[1] * level;
	double n = level * (q[0] * c->n_max - q[1]) / slope;
	bool meet = slope > 0 && n > d->n[order[rising - 2]] && n <= d->n[order[rising]];
	return (struct split){ meet ? squares : INFINITY, n, rising };
}

static struct interval
level_of(const struct usl_data *d, const size_t *order, size_t rising)
{
	CLEANUP(free_p) double *x = usl_scratch(d->count, sizeof(double));

	for (size_t k = rising; k < d->count; k++)
		x[k - rising] = d->x[order[k]];
	return interval_blocks(x, d->count - rising);
}

struct usl_ceiling
usl_ceiling(const struct usl_data *d)
{
	struct usl_ceiling none = { { NAN, NAN, NAN }, NAN, -INFINITY };
	struct split best = { .squares = INFINITY };
	CLEANUP(free_p) bool *out = usl_scratch(d->count + 1, sizeof(*out));
	CLEANUP(free_p) size_t *order = in_order(d);
	struct usl_curve c = usl_curve(d, out);
	double q[USL_PARAMETERS] = { 0 };

	double law = usl_curve_fit(&c, q);
	for (size_t k = RISING_LEAST; k + ON_IT_LEAST <= d->count; k++) {
		struct split s = try_split(&c, order, k);
		if (s.squares < best.squares)
			best = s;
	}
	if (!isfinite(best.squares))
		return none;
	double ratio = fmax(law, SQUARES_LEAST) / fmax(best.squares, SQUARES_LEAST);
	return (struct usl_ceiling){
		level_of(d, order, best.rising), best.n, (double)d->count * log(ratio),
	};
}

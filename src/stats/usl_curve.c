/* SPDX-License-Identifier: MIT */
/* With cminpack, of which its licence wants to be said: this product includes software developed by
 * the University of Chicago, as Operator of Argonne National Laboratory. */
#include "stats/usl_curve.h"

#include <cminpack.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define STARTS         5
#define TOLERANCE      1e-13
#define OUT_OF_REACH   1e10    /* a residual that no step is worth */

struct usl_curve
usl_curve(const struct usl_data *d, bool *out)
{
	struct usl_curve c = { .d = d, .out = out };

	for (size_t i = 0; i < d->count; i++) {
		c.n_max = fmax(c.n_max, d->n[i]);
		c.x_max = fmax(c.x_max, d->x[i]);
		c.weight_max = fmax(c.weight_max, d->weight ? d->weight[i] : 1);
	}
	return c;
}

static void
basis(const struct usl_curve *c, double n, double ret[USL_PARAMETERS])
{
	ret[0] = 1;
	ret[1] = (n - 1) / c->n_max;
	ret[2] = n * (n - 1) / (c->n_max * c->n_max);
}

double
usl_curve_weight(const struct usl_curve *c, size_t i)
{
	return c->out[i] ? 0 : c->d->weight ? sqrt(c->d->weight[i]) : 1;
}

static double
denominator(const double *b, const double *q, int n)
{
	double sum = 0;

	for (int k = 0; k < n; k++)
		sum += b[k] * q[k];
	return sum;
}

/* cminpack's function: residuals (flag 1) or their derivatives by q (2), columns ld apart. With two
 * parameters beta is 0. */
static int
evaluate(void *ctx, int m, int n, const double *q, double *residual, double *jacobian, int ld,
    int flag)
{
	const struct usl_curve *c = ctx;

	for (int i = 0; i < m; i++) {
		double b[USL_PARAMETERS], nu = c->d->n[i] / c->n_max;
		double w = usl_curve_weight(c, (size_t)i) / sqrt(c->weight_max);
		basis(c, c->d->n[i], b);
		double below = denominator(b, q, n);
		if (flag == 1)
			residual[i] = c->out[i] ? 0 : !(below > 0) ? OUT_OF_REACH
			    : w * (c->d->x[i] / c->x_max - nu / below);
		else
			for (int k = 0; k < n; k++)
				jacobian[i + k * ld] = w * nu / (below * below) * b[k];
	}
	return 0;
}

static double
squares(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i] * v[i];
	return sum;
}

void *
usl_scratch(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		abort();
	return p;
}

/* Least squares from q on; q is where it ended. Returns the sum of squares. */
static double
usl_curve_descend(struct usl_curve *c, int parameters, double q[USL_PARAMETERS])
{
	size_t m = c->d->count, room = m + 5 * USL_PARAMETERS;
	CLEANUP(free_p) double *residual = usl_scratch(m, sizeof(double));
	CLEANUP(free_p) double *jacobian = usl_scratch(m * USL_PARAMETERS, sizeof(double));
	CLEANUP(free_p) double *work = usl_scratch(room, sizeof(double));
	int pivot[USL_PARAMETERS];

	lmder1(evaluate, c, (int)m, parameters, q, residual, jacobian, (int)m, TOLERANCE, pivot, work,
	    (int)room);
	return squares(residual, m);
}

/* A start with a part `bend` of the growth of N/X quadratic in N, N^2 = N (N - 1) + (N - 1) + 1. From
 * the first point to the last it lies between their values, so that it is positive throughout. */
static void
start(const struct usl_curve *c, size_t first, size_t last, double bend, double q[USL_PARAMETERS])
{
	double n = c->d->n[first], end = c->d->n[last];
	double low = n / c->n_max * c->x_max / c->d->x[first];
	double high = end / c->n_max * c->x_max / c->d->x[last];

	q[0] = low;
	q[1] = q[2] = 0;
	if (!(end > n))
		return;
	double line = (1 - bend) * (high - low) / (end - n);
	double square = bend * (high - low) / (end * end - n * n);

	q[0] += line * (1 - n) + square * (1 - n * n);
	q[1] = (line + square) * c->n_max;
	q[2] = square * c->n_max * c->n_max;
}

static void
ends(const struct usl_curve *c, size_t *ret_first, size_t *ret_last)
{
	const double *n = c->d->n;
	size_t none = c->d->count, first = none, last = none;

	for (size_t i = 0; i < c->d->count; i++) {
		if (c->out[i])
			continue;
		first = first == none || n[i] < n[first] ? i : first;
		last = last == none || n[i] > n[last] ? i : last;
	}
	*ret_first = first;
	*ret_last = last;
}

double
usl_curve_best(struct usl_curve *c, int parameters, double q[USL_PARAMETERS])
{
	double least = INFINITY;
	size_t first, last;

	ends(c, &first, &last);
	for (int s = 0; s < STARTS; s++) {
		double from[USL_PARAMETERS];
		start(c, first, last, (double)s / (STARTS - 1), from);
		double sum = usl_curve_descend(c, parameters, from);
		if (sum < least) {
			least = sum;
			memcpy(q, from, sizeof(from));
		}
	}
	return least;
}

/* beta < 0 would be a service that more load makes better and better: then the best is at 0. */
double
usl_curve_fit(struct usl_curve *c, double q[USL_PARAMETERS])
{
	double sum = usl_curve_best(c, USL_PARAMETERS, q);

	if (!(q[2] < 0))
		return sum;
	sum = usl_curve_best(c, USL_PARAMETERS - 1, q);
	q[2] = 0;
	return sum;
}

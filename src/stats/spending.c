/* SPDX-License-Identifier: MIT */
#include "stats/spending.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "stats/special.h"

#define POINTS 65   /* of Simpson's rule: odd */
#define FAR    8.0   /* standard deviations: nothing beyond */
#define STEPS_MAX 100

/* The process so far, where no look has stopped it: densities at points from -edge to edge. */
struct walk {
	double share;              /* of the data */
	double edge;
	double density[POINTS];
};

static double
point(const struct walk *w, int i)
{
	return w->edge * (2.0 * i / (POINTS - 1) - 1);
}

/* Integral of the walk's density times f over its range; `x` is handed to f. */
static double
integrate(const struct walk *w, double (*f)(double from, double x, double sd), double x, double sd)
{
	double sum = 0;

	for (int i = 0; i < POINTS; i++) {
		int weight = i == 0 || i == POINTS - 1 ? 1 : i % 2 ? 4 : 2;
		sum += weight * w->density[i] * f(point(w, i), x, sd);
	}
	return sum * 2 * w->edge / (POINTS - 1) / 3;
}

static double
step_density(double from, double to, double sd)
{
	double z = (to - from) / sd;
	return exp(-z * z / 2) / (sd * sqrt(2 * M_PI));
}

static double
step_leaves(double from, double edge, double sd)
{
	return normal_cdf((from - edge) / sd) + normal_cdf((-edge - from) / sd);
}

/* The chance that the walk is outside +-edge when `share` of the data is there. */
static double
leaves(const struct walk *w, double share, double edge)
{
	if (w->share == 0)
		return step_leaves(0, edge, sqrt(share));
	return integrate(w, step_leaves, edge, sqrt(share - w->share));
}

/* Of the chance to leave over that wanted; far out, where the chance is no number any more, not
 * infinite. */
static double
log_over(const struct walk *w, double share, double edge, double spend)
{
	return log(fmax(leaves(w, share, edge), DBL_MIN)) - log(spend);
}

/* The edge that the walk leaves with the chance `spend`. False position on the logarithm, which is
 * nearly a parabola, with the Illinois rule against a side that stands still. */
static double
edge_for(const struct walk *w, double share, double spend)
{
	double low = 0, high = FAR * sqrt(share), edge = high;
	double over = -log(spend), under = log_over(w, share, high, spend);
	int side = 0;

	for (int i = 0; i < STEPS_MAX && high - low > 1e-10; i++) {
		edge = (low * under - high * over) / (under - over);
		double f = log_over(w, share, edge, spend);
		if (fabs(f) < 1e-10)
			break;
		if (f > 0) {
			low = edge;
			over = f;
			under /= side > 0 ? 2 : 1;
			side = 1;
		} else {
			high = edge;
			under = f;
			over /= side < 0 ? 2 : 1;
			side = -1;
		}
	}
	return edge;
}

static void
walk_on(struct walk *w, double share, double edge)
{
	struct walk next = { .share = share, .edge = edge };

	for (int i = 0; i < POINTS; i++)
		next.density[i] = w->share == 0
		    ? step_density(0, point(&next, i), sqrt(share))
		    : integrate(w, step_density, point(&next, i), sqrt(share - w->share));
	*w = next;
}

void
spending_levels(double alpha, double exponent, const double *share, const double *least,
    size_t looks, double *ret_levels)
{
	struct walk walk = { 0 };
	double spent = 0;

	assert(looks <= SPENDING_LOOKS);
	for (size_t k = 0; k < looks; k++) {
		double spend = alpha * pow(share[k], exponent) - spent;
		double edge = edge_for(&walk, share[k], spend);
		ret_levels[k] = 2 * normal_cdf(-edge / sqrt(share[k]));
		if (ret_levels[k] < least[k]) {
			ret_levels[k] = 0;
			continue;
		}
		spent += spend;
		if (k + 1 < looks)
			walk_on(&walk, share[k], edge);
	}
}

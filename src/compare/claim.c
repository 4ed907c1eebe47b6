/* SPDX-License-Identifier: MIT */
#include "compare/claim.h"

#include <math.h>

#include "stats/spending.h"

/* Beside the weights of the others (metric.c): 0.41 of alpha when all are known. The first look may
 * spend half of it, and ten pairs decide nothing below 0.00195 (stats/spending.h): of 0.01 that
 * takes at least 0.39, and a bit more where routes have their part. */
#define PRIMARY_WEIGHT 0.42

const int64_t compare_looks[COMPARE_LOOKS] = { 10, 20, 40 };

struct looks
looks_plan(int64_t pairs_at_most, int64_t look)
{
	struct looks l = { .n = 0 };
	int64_t most = pairs_at_most > 0 ? pairs_at_most : compare_looks[COMPARE_LOOKS - 1];

	for (size_t k = 0; k < COMPARE_LOOKS && compare_looks[k] < most; k++)
		l.share[l.n++] = (double)compare_looks[k] / (double)most;
	l.share[l.n++] = 1;
	l.now = look < 1 ? 0 : (size_t)look > l.n ? l.n - 1 : (size_t)look - 1;
	return l;
}

bool
looks_last(const struct looks *looks)
{
	return looks->now + 1 == looks->n;
}

static void
set_levels(struct figure *f, double alpha, const struct looks *looks)
{
	double least[COMPARE_LOOKS + 1], levels[COMPARE_LOOKS + 1];

	for (size_t k = 0; k < looks->n; k++)
		least[k] = paired_p_least((size_t)lround(
		    (double)f->pairs.n * looks->share[k] / looks->share[looks->now]));
	spending_levels(alpha, f->primary ? SPENDING_EARLY : SPENDING_LATE, looks->share, least,
	    looks->n, levels);
	f->level = levels[looks->now];
	f->level_last = levels[looks->n - 1];
}

static double
weight(const struct figure *f)
{
	return f->primary ? PRIMARY_WEIGHT : f->metric->weight;
}

static bool
takes_part(const struct figure *f)
{
	return f->pairs.n && !f->different;
}

/* One step down: share alpha among those that are left. True when one of them was found. */
static bool
step_down(struct figure *figures, size_t n, double alpha, const struct looks *looks)
{
	double weights = 0;
	bool found = false;

	for (size_t i = 0; i < n; i++)
		weights += takes_part(&figures[i]) ? weight(&figures[i]) : 0;
	for (size_t i = 0; i < n; i++) {
		struct figure *f = &figures[i];
		if (!takes_part(f))
			continue;
		set_levels(f, alpha * weight(f) / weights, looks);
		if (f->level > 0 && paired_p(&f->pairs, 0) <= f->level)
			f->different = found = true;
	}
	return found;
}

void
claim_family(struct figure *figures, size_t n, double alpha, const struct looks *looks)
{
	while (step_down(figures, n, alpha, looks))
		;
}

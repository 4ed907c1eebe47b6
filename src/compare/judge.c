/* SPDX-License-Identifier: MIT */
#include "compare/judge.h"

#include <math.h>

#include "stats/equivalence.h"

#define TOST_CONFIDENCE  0.90   /* two one-sided tests at 5 % */
#define QUIET_CONFIDENCE 0.95   /* before a search that may still find something is given up */

static bool
is_within(const struct figure *f, double margin, double confidence)
{
	struct interval i = paired_interval(&f->pairs, confidence);
	return i.low > -margin && i.high < margin;
}

static double
estimate(const struct figure *f)
{
	return paired_interval(&f->pairs, TOST_CONFIDENCE).value;
}

static bool
looks_worse(const struct figure *f)
{
	return (estimate(f) < 0) == f->metric->more_is_better;
}

static enum outcome
outcome_of(const struct figure *f)
{
	if (f->different && fabs(estimate(f)) > fmax(f->margin, f->floor))
		return looks_worse(f) ? OUTCOME_WORSE : OUTCOME_BETTER;
	return is_within(f, f->margin, TOST_CONFIDENCE) ? OUTCOME_SAME : OUTCOME_INCONCLUSIVE;
}

void
judge_figure(struct figure *f, const struct looks *looks)
{
	double n = (double)f->pairs.n, last = f->level_last;

	f->detectable = f->detectable_most = NAN;
	if (!f->pairs.n)
		return;
	f->detectable = equivalence_detectable(f->sd, n, f->level > 0 ? f->level : last, POWER);
	f->detectable_most =
	    equivalence_detectable(f->sd, n / looks->share[looks->now], last, POWER);
	f->outcome = outcome_of(f);
}

bool
judge_blind(const struct figure *f)
{
	return !(fmax(f->detectable_most, f->floor) <= f->margin);
}

bool
judge_open(const struct figure *f, const struct looks *looks)
{
	if (f->route || f->outcome != OUTCOME_INCONCLUSIVE)
		return false;
	if (!f->pairs.n)
		return f->primary;
	bool enough = f->detectable_most <= figure_scale(f->metric, PRIMARY_ENOUGH);
	if (f->primary && ((f->different && looks_worse(f)) || !enough))
		return true;
	if (!f->primary && looks_last(looks) && judge_blind(f))
		return false;
	double matters = fmax(f->margin, fmax(f->detectable_most, f->floor));
	return !is_within(f, matters, looks_last(looks) ? TOST_CONFIDENCE : QUIET_CONFIDENCE);
}

static bool
any(const struct figure *figures, size_t n, enum outcome outcome)
{
	for (size_t i = 0; i < n; i++)
		if (figures[i].outcome == outcome)
			return true;
	return false;
}

enum outcome
judge_all(const struct figure *figures, size_t n, bool answers_differ, const struct looks *looks)
{
	bool primary = false;

	if (answers_differ || any(figures, n, OUTCOME_WORSE))
		return OUTCOME_WORSE;
	if (any(figures, n, OUTCOME_BETTER))
		return OUTCOME_BETTER;
	for (size_t i = 0; i < n; i++) {
		if (judge_open(&figures[i], looks))
			return OUTCOME_INCONCLUSIVE;
		primary = primary || figures[i].primary;
	}
	return primary ? OUTCOME_SAME : OUTCOME_INCONCLUSIVE;
}

/* SPDX-License-Identifier: MIT */
/* From findings to steps: every fix that answers a finding's kind proposes one; steps are put in
 * order of gain x confidence / effort, and predictions accumulate in that order. */
#include "plan/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/same.h"
#include "plan/fix.h"
#include "plan/predict.h"

#define FIX(id) extern const struct fix fix_##id;
#include "plan/fixes.def"
#undef FIX

static const struct fix *const fixes[] = {
#define FIX(id) &fix_##id,
#include "plan/fixes.def"
#undef FIX
};

struct proposal {
	const struct run_finding *finding;
	const struct fix *fix;
	double score;
};

struct proposals {
	struct proposal *items;
	size_t n;
};

static double
effort_weight(enum run_level l)
{
	return l == LEVEL_HIGH ? 4 : l == LEVEL_MEDIUM ? 2 : 1;
}

static double
score(const struct run_finding *f, const struct fix *fix)
{
	double share = isfinite(f->share) && f->share > 0 ? f->share : 0.01;

	double confidence = isfinite(f->confidence) ? f->confidence : 0;

	return share * (fix->gain_low + fix->gain_high) / 2 * confidence / effort_weight(fix->effort);
}

static void
propose(struct run *r, const struct run_finding *f, struct proposals *p)
{
	for (size_t i = 0; f->kind && i < COUNT_OF(fixes); i++)
		if (strcmp(fixes[i]->kind, f->kind) == 0 && (!fixes[i]->applies || fixes[i]->applies(r, f))) {
			struct proposal *new = ARENA_PUSH(r->arena, p->items, p->n);
			*new = (struct proposal){ f, fixes[i], score(f, fixes[i]) };
		}
}

static int
best_first(const void *a, const void *b)
{
	const struct proposal *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	if (x->finding != y->finding)
		return x->finding < y->finding ? -1 : 1;
	return strcmp(x->fix->action, y->fix->action);
}

/* The statement of a finding's place: "orders(customer_id): SELECT ..." and "SELECT ..." are the
 * same. */
static const char *
place_key(const struct run_finding *f)
{
	const char *colon = f->where ? strstr(f->where, "): ") : NULL;

	return colon ? colon + 3 : f->where;
}

static bool
same_place(const struct run_finding *a, const struct run_finding *b)
{
	const char *x = place_key(a), *y = place_key(b);

	return a == b || (x && text_same(x, y));
}

/* What the steps before number `i` are expected to leave of its place. */
static double
place_left(const struct proposals *p, size_t i)
{
	double left = 1;

	for (size_t k = 0; k < i; k++)
		if (same_place(p->items[k].finding, p->items[i].finding))
			left *= 1 - (p->items[k].fix->gain_low + p->items[k].fix->gain_high) / 2;
	return left;
}

/* The next finding that no step up to number `i` answers. */
static const char *
next_limit(struct run *r, const struct proposals *p, size_t i)
{
	for (size_t k = 0; k < r->n_findings; k++) {
		bool answered = false;
		for (size_t j = 0; j <= i && !answered; j++)
			answered = p->items[j].finding == &r->findings[k];
		if (!answered)
			return r->findings[k].summary ? r->findings[k].summary : r->findings[k].kind;
	}
	return "nothing that this run shows; measure again";
}

static void
write_step(struct run *r, const struct proposals *p, size_t i, struct predict *so_far)
{
	const struct run_finding *f = p->items[i].finding;
	const struct fix *fix = p->items[i].fix;
	struct run_step *s = RUN_ADD(r, step, r->plan, r->n_plan);

	s->id = run_printf(r, "P%zu", i + 1);
	s->finding = f->id;
	s->action = fix->action;
	s->effort = fix->effort;
	s->risk = fix->risk;
	s->tradeoff = fix->tradeoff;
	s->priority = (int64_t)i + 1;
	s->ceiling = predict_ceiling(f->share);
	fix->propose(r, f, s);
	if (f->share > 0)   /* else it is not about time: nothing to predict */
		predict_step(so_far, f, fix->gain_low, fix->gain_high, place_left(p, i),
		    &s->predicted);
	s->then = next_limit(r, p, i);
}

void
plan(struct run *r)
{
	struct proposals p = { 0 };
	struct predict so_far = predict_start(r);

	r->plan = NULL;
	r->n_plan = 0;
	for (size_t i = 0; i < r->n_findings; i++)
		propose(r, &r->findings[i], &p);
	if (p.n > 0)
		qsort(p.items, p.n, sizeof(*p.items), best_first);
	for (size_t i = 0; i < p.n; i++)
		write_step(r, &p, i, &so_far);
}

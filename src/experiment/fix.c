/* SPDX-License-Identifier: MIT */
#include "experiment/fix.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/stop.h"
#include "experiment/ready.h"
#include "net/url.h"

/* ---- one ----------------------------------------------------------------------------------- */

static void
change_close_p(struct change **c)
{
	change_close(*c);
}

static double
seconds_of(const struct run *r)
{
	double all = 0;

	for (size_t i = 0; i < r->n_proofs; i++)
		all += isnan(r->proofs[i].seconds) ? 0 : r->proofs[i].seconds;
	return all;
}

/* So far, seconds: a trial tells only its own. */
static double
cpu_of_generator(const struct run *r)
{
	return isnan(r->self.generator_cpu) ? 0 : r->self.generator_cpu * seconds_of(r);
}

/* Leave it as it was decided, with the service in good order. */
static int
decide(struct change *c, bool keep, const struct spec *spec, struct err *e)
{
	bool switched;

	int code = change_want(c, keep, &switched, e);
	if (code == 0 && switched) {
		code = ready_again(spec, e);
		if (code < 0)
			err_wrap(e, code, "the service does not answer %s", keep ? "with the change to be kept"
			    : "after the change was taken back");
	}
	if (code == 0 && keep)
		code = change_keep(c, e);
	return code;
}

/* Better figures alone are no proof. No figures decide then, so none may when the run is read again. */
static void
doubt(struct run_proof *p)
{
	if (strcmp(p->verdict, "better") != 0 || (!stop_requested() && p->answers_compared > 0))
		return;
	p->looks = 0;
	p->verdict = "inconclusive";
	p->why = stop_requested() ? "Interrupted before it was decided."
	    : "No answer could be compared: whether they are the same is not known.";
}

/* A proven change that cannot be put back in place is not kept, and must not be left half applied. */
static int
keep_or_take_back(struct change *c, struct run_proof *p, const struct spec *spec, int code,
    struct err *e)
{
	if (code == 0)
		doubt(p);
	bool better = code == 0 && strcmp(p->verdict, "better") == 0;
	struct err why = { 0 };

	if (better)
		code = decide(c, true, spec, e);
	p->kept = better && code == 0;
	if (p->kept)
		return 0;
	int back = decide(c, false, spec, &why);
	if (back < 0)
		*e = why;
	return back < 0 ? back : code;
}

static int
try_one(const struct fix_plan *plan, const struct change_text *text, const char *place,
    const struct spec *spec, const struct progress *progress, struct run *r, struct err *e)
{
	CLEANUP(change_close_p) struct change *c = NULL;
	const char *id = run_printf(r, "%s/%zu-%s", r->id, r->n_proofs + 1, text->step);
	struct trial_plan trial = plan->trial;
	size_t before = r->n_proofs;
	double generator_s = cpu_of_generator(r);

	int code = change_open(plan->journal, id, text, progress, &c, e);
	if (code < 0)
		return code;
	trial.a = trial.b = place;
	trial.change = c;
	code = trial_run(&trial, spec, progress, r, e);
	struct run_proof *p = &r->proofs[before];
	if (code == 0)
		r->self.generator_cpu = (generator_s + r->self.generator_cpu * p->seconds) / seconds_of(r);
	p->step = run_str(r, text->step);
	return keep_or_take_back(c, p, spec, code, e);
}

/* ---- all ----------------------------------------------------------------------------------- */

bool
fix_all_kept(const struct run *r)
{
	for (size_t i = 0; i < r->n_proofs; i++)
		if (!r->proofs[i].kept)
			return false;
	return true;
}

static const char *
list(struct run *r, bool kept)
{
	const char *all = "";

	for (size_t i = 0; i < r->n_proofs; i++)
		if (r->proofs[i].kept == kept)
			all = run_printf(r, "%s%s%s", all, *all ? ", " : "", r->proofs[i].step);
	return all;
}

/* Interrupted: the headline tells of those as well. */
static void
tell_untried(const struct fix_plan *plan, struct run *r)
{
	for (size_t i = r->n_proofs; i < plan->n_changes; i++)
		r->headline = run_printf(r, "%s%s%s", r->headline, i == r->n_proofs ? "; not tried: " : ", ",
		    plan->changes[i].step);
}

static void
conclude(struct run *r)
{
	const struct run_proof *last = r->n_proofs ? &r->proofs[r->n_proofs - 1] : NULL;
	const char *kept = list(r, true), *back = list(r, false);

	if (!last) {
		r->verdict = VERDICT_INCONCLUSIVE;
		r->headline = "Interrupted before a step was tried";
		return;
	}
	r->verdict = VERDICT_MET;
	for (size_t i = 0; i < r->n_proofs && r->verdict != VERDICT_MISSED; i++)
		if (!r->proofs[i].kept)
			r->verdict = strcmp(r->proofs[i].verdict, "inconclusive") == 0 ? VERDICT_INCONCLUSIVE
			    : VERDICT_MISSED;
	if (r->n_proofs == 1)
		r->headline = run_printf(r, "%s is %s: %s", last->step, last->kept ? "kept" : "taken back",
		    last->why);
	else
		r->headline = run_printf(r, "%s%s%s%s%s", *kept ? "kept: " : "", kept, *kept && *back ? "; " : "",
		    *back ? "taken back: " : "", back);
}

/* Where the service is; its paths are in the spec. */
static int
find_place(const struct spec *spec, struct arena *a, const char **ret, struct err *e)
{
	struct url u;

	int code = url_parse(spec->urls[0], &u, e);
	if (code == 0)
		*ret = url_join(a, &u, "/");
	return code;
}

int
fix_run(const struct fix_plan *plan, const struct spec *spec, const struct progress *progress,
    struct run *r, struct err *e)
{
	const char *place;

	int code = find_place(spec, r->arena, &place, e);
	if (code == 0)
		code = journal_copy_to(plan->journal, r->folder, e);
	r->fix = true;
	for (size_t i = 0; i < plan->n_changes && code == 0 && !stop_requested(); i++)
		code = try_one(plan, &plan->changes[i], place, spec, progress, r, e);
	if (code == 0) {
		conclude(r);
		tell_untried(plan, r);
		return 0;
	}
	const char *kept = list(r, true);
	return *kept ? err_wrap(e, code, "%s kept before, but", kept) : code;
}

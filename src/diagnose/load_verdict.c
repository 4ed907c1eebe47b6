/* SPDX-License-Identifier: MIT */
#include "diagnose/load_verdict.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "diagnose/targets.h"
#include "diagnose/text.h"

#define CONFIRMED 2   /* times that the highest rate must be held again */

static void
conclude(struct run *r, enum run_verdict v, const char *why)
{
	static const char *const words[] = {
		[VERDICT_MET] = "MET", [VERDICT_MISSED] = "MISSED",
		[VERDICT_INCONCLUSIVE] = "INCONCLUSIVE",
		[VERDICT_GENERATOR_LIMITED] = "GENERATOR-LIMITED",
	};

	r->verdict = v;
	r->headline = run_printf(r, "%s: %s", words[v], why);
}

/* ---- the highest rate ---------------------------------------------------------------------- */

static const char *
promises(struct run *r)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	for (size_t i = 0; i < r->spec.n_targets; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", r->spec.targets[i]);
	return run_str(r, buf_text(&b));
}

static void
judge_search(struct run *r)
{
	const struct run_capacity *c = &r->capacity;
	const char *at = isnan(c->knee_rate) ? "no rate yet" : run_printf(r, "%s", RATE(c->knee_rate));
	const char *held = run_printf(r, "%s held at %s", promises(r), at);

	if (isnan(c->knee_rate) && isfinite(c->missed_rate))
		conclude(r, VERDICT_MISSED, run_printf(r, "%s: missed already at %s",
		    promises(r), RATE(c->missed_rate)));
	else if (c->confirmed >= CONFIRMED && !c->at_least)
		conclude(r, VERDICT_MET, run_printf(r, "%s hold at %s, held %lld times more; missed at %s",
		    promises(r), at, (long long)c->confirmed, RATE(c->missed_rate)));
	else if (text_same(c->stopped_by, "interrupted"))
		conclude(r, VERDICT_INCONCLUSIVE, run_printf(r, "interrupted; %s so far", held));
	else if (text_same(c->stopped_by, "generator"))
		conclude(r, VERDICT_GENERATOR_LIMITED, run_printf(r, "%s, and then the load generator was "
		    "the limit, not the service", held));
	else if (c->confirmed >= CONFIRMED)
		conclude(r, VERDICT_MET, run_printf(r, "%s hold at %s, the most that is offered", promises(r),
		    at));
	else
		conclude(r, VERDICT_INCONCLUSIVE, run_printf(r, "%s, but it was not held again: "
		    "the time was up, or no more could be offered", held));
}

/* ---- the suite ----------------------------------------------------------------------------- */

static const struct run_suite_phase *
phase_of(const struct run *r, const char *name)
{
	for (size_t i = 0; i < r->suite.n_phases; i++)
		if (text_same(r->suite.phases[i].phase, name))
			return &r->suite.phases[i];
	return NULL;
}

static const char *
gave_way(struct run *r, enum run_failure f, double rate, const char *phase)
{
	static const char *const how[] = {
		[FAILURE_QUEUE] = "queues from", [FAILURE_ERRORS] = "answers errors from",
		[FAILURE_TIMEOUTS] = "leaves requests unanswered from", [FAILURE_REFUSED] = "refuses connections from",
		[FAILURE_CRASH] = "crash at", [FAILURE_GENERATOR] = "",
	};
	return run_printf(r, "%s %s (%s)", how[f], RATE(rate), phase);
}

/* "holds 640/s; queues from 704/s (stress-1); crash at 2.05k/s (stress-6)" */
static const char *
strength(struct run *r)
{
	const struct run_suite *s = &r->suite;
	const struct run_capacity *c = &r->capacity;
	const char *holds = isnan(c->missed_rate) ? "what it holds was not found" : "holds no rate";

	if (!isnan(c->knee_rate))
		holds = run_printf(r, "holds %s%s", c->at_least ? "at least " : "", RATE(c->knee_rate));
	if (!s->failure)
		return holds;
	const char *first = gave_way(r, s->failure, s->breaking_rate, s->breaking_phase);
	return s->worst ? run_printf(r, "%s; %s; %s", holds, first, gave_way(r, s->worst,
	    s->worst_rate, s->worst_phase)) : run_printf(r, "%s; %s", holds, first);
}

static const char *
not_recovered(struct run *r)
{
	const struct run_suite *s = &r->suite;

	for (size_t i = 0; i < s->n_recoveries; i++)
		if (isnan(s->recoveries[i].seconds))
			return run_printf(r, "it did not recover from the %s within %s",
			    s->recoveries[i].after, DURATION(s->recoveries[i].bound));
	return NULL;
}

static const char *
not_whole(struct run *r)
{
	const struct run_suite *s = &r->suite;

	for (size_t i = 0; i < s->n_integrity; i++)
		if (s->integrity[i].status && text_same(s->integrity[i].when, "after"))
			return run_printf(r, "the data are not whole after the load: the check ended with %lld%s%s",
			    (long long)s->integrity[i].status, s->integrity[i].said ? ": " : "",
			    s->integrity[i].said ? text_brief(r, s->integrity[i].said, 120) : "");
	return NULL;
}

/* What was promised, or the peak that was asked for, and was not kept. Without either nothing was
 * promised. */
static const char *
not_kept(struct run *r)
{
	static const char *const names[] = { "normal", "peak", "soak" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct run_suite_phase *p = phase_of(r, names[i]);
		bool asked = r->n_targets || (r->spec.peak_rate > 0 && text_same(names[i], "peak"));
		if (p && p->missed_by && p->failure != FAILURE_GENERATOR && asked)
			return run_printf(r, "%s missed at the %s load of %s", p->missed_by, names[i],
			    RATE(p->rate));
	}
	for (size_t i = 0; i < r->n_targets; i++)
		if (target_state(r, &r->targets[i]) == TARGET_MISSED)
			return target_text(r, &r->targets[i]);
	return NULL;
}

static bool
is_stress(const char *phase)
{
	return phase && strncmp(phase, "stress", 6) == 0;
}

/* In a phase that something is concluded from; of the stress nothing is, once it found how the
 * service gives way. */
static bool
generator_limited(const struct run *r)
{
	const struct run_suite *s = &r->suite;
	bool broken = s->failure == FAILURE_CRASH || is_stress(s->breaking_phase);

	for (size_t i = 0; i < s->n_phases; i++) {
		const struct run_suite_phase *p = &s->phases[i];
		bool needed = is_stress(p->phase) ? !broken : !text_same(p->phase, "spike");
		if (p->failure == FAILURE_GENERATOR && needed)
			return true;
	}
	return text_same(r->capacity.stopped_by, "generator") && !s->failure;
}

static const char *
recoveries(struct run *r)
{
	const struct run_suite *s = &r->suite;
	CLEANUP(buf_done) struct buf b = { 0 };

	for (size_t i = 0; i < s->n_recoveries; i++)
		buf_printf(&b, "%s%s after the %s", i ? ", " : "; itself again ",
		    DURATION(s->recoveries[i].seconds), s->recoveries[i].after);
	return run_str(r, buf_text(&b));
}

static void
judge_suite(struct run *r)
{
	const struct run_capacity *c = &r->capacity;
	const char *what = strength(r), *why;

	if (r->suite.failure == FAILURE_CRASH && !phase_of(r, "soak") && !r->suite.n_recoveries)
		conclude(r, VERDICT_MISSED, what);
	else if ((why = not_recovered(r)) || (why = not_whole(r)))
		conclude(r, VERDICT_MISSED, run_printf(r, "%s; %s", what, why));
	else if (generator_limited(r))
		conclude(r, VERDICT_GENERATOR_LIMITED, run_printf(r, "the load generator was the limit "
		    "in a phase that matters; %s", what));
	else if ((why = not_kept(r)) || (isnan(c->knee_rate) && isfinite(c->missed_rate)))
		conclude(r, VERDICT_MISSED, why ? run_printf(r, "%s; %s", why, what) : what);
	else if (!phase_of(r, "soak"))
		conclude(r, VERDICT_INCONCLUSIVE, run_printf(r, "the suite was interrupted; %s", what));
	else
		conclude(r, VERDICT_MET, run_printf(r, "%s%s", what, recoveries(r)));
}

/* Nobody looked inside the service: nothing is found there, and nothing ruled out. */
static void
say_nothing_of_the_inside(struct run *r)
{
	r->n_findings = r->n_ruled_out = r->n_forks = r->n_links = 0;
	r->healthy = NULL;
}

void
load_verdict(struct run *r)
{
	bool suite = r->suite.n_phases > 0, search = r->spec.find_max && r->capacity.n_curve;

	if (!suite && !search)
		return;
	say_nothing_of_the_inside(r);
	if (r->safety_stop.what)
		return;
	if (suite)
		judge_suite(r);
	else
		judge_search(r);
}

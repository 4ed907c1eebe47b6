/* SPDX-License-Identifier: MIT */
#include "report/say_proof.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "report/say.h"

#define MOST_PERCENT 999   /* what is more is not known any better */

/* ---- metrics ------------------------------------------------------------------------------- */

/* Errors may be none, so they have a difference instead of a ratio. */
static bool
is_difference(const struct run_comparison *c)
{
	return c->metric && strcmp(c->metric, "error_rate") == 0;
}

static const char *
named(struct doc *d, const struct run_comparison *c, bool brief)
{
	const char *name = say_clip(d, brief ? say_metric_short(c->metric) : say_metric(c->metric), 60);

	if (!c->route)
		return name;
	return doc_printf(d, brief ? "%s %s" : "%s of %s", name, say_clip(d, c->route, 80));
}

const char *
say_compared(struct doc *d, const struct run_comparison *c)
{
	return named(d, c, false);
}

const char *
say_compared_short(struct doc *d, const struct run_comparison *c)
{
	return named(d, c, true);
}

const char *
say_compared_value(struct doc *d, const struct run_comparison *c, double value)
{
	return say_unit(d, value, say_metric_unit(c->metric));
}

/* ---- changes ------------------------------------------------------------------------------- */

/* In percent, or in points of percent: three digits at most, always with its sign. */
static const char *
signed_figure(struct doc *d, const struct run_comparison *c, double figure)
{
	double percent = 100 * (is_difference(c) ? figure : figure - 1);

	if (fabs(percent) < 0.005)
		return "0";
	if (percent > MOST_PERCENT)
		return doc_printf(d, ">+%d", MOST_PERCENT);
	return doc_printf(d, fabs(percent) >= 99.95 ? "%+.0f" : fabs(percent) >= 0.995 ? "%+.1f" : "%+.2f",
	    percent);
}

static const char *
unit_of(const struct run_comparison *c)
{
	return is_difference(c) ? "points" : "%";
}

const char *
say_change(struct doc *d, const struct run_comparison *c)
{
	if (!say_known(c->ratio))
		return "-";
	return doc_printf(d, "%s %s", signed_figure(d, c, c->ratio), unit_of(c));
}

const char *
say_change_interval(struct doc *d, const struct run_comparison *c)
{
	if (!say_known(c->ratio) || !say_known(c->low) || !say_known(c->high))
		return say_change(d, c);
	return doc_printf(d, "%s (%s to %s)", say_change(d, c), signed_figure(d, c, c->low),
	    signed_figure(d, c, c->high));
}

const char *
say_margin(struct doc *d, const struct run_comparison *c)
{
	if (!say_known(c->margin))
		return "-";
	return is_difference(c) ? doc_printf(d, "%.3g points", 100 * c->margin)
	    : say_percent(d, c->margin);
}

const char *
say_detectable(struct doc *d, const struct run_comparison *c)
{
	if (!say_known(c->detectable))
		return "-";
	if (100 * c->detectable > MOST_PERCENT)
		return doc_printf(d, ">%d %%", MOST_PERCENT);
	return is_difference(c) ? doc_printf(d, "%.3g points", 100 * c->detectable)
	    : say_percent(d, c->detectable);
}

/* ---- verdicts ------------------------------------------------------------------------------ */

static const struct outcome {
	const char *verdict, *word, *small;
	enum doc_tone tone;
} outcomes[] = {
	{ "better", "BETTER", "better", TONE_GOOD }, { "same", "SAME", "same", TONE_GOOD },
	{ "worse", "WORSE", "worse", TONE_BAD }, { "inconclusive", "CANNOT SAY", "cannot say", TONE_WARN },
};

static const struct outcome *
outcome_of(const char *verdict)
{
	for (size_t i = 0; verdict && i < COUNT_OF(outcomes); i++)
		if (strcmp(outcomes[i].verdict, verdict) == 0)
			return &outcomes[i];
	return &outcomes[COUNT_OF(outcomes) - 1];
}

const char *
say_outcome(const char *verdict)
{
	return outcome_of(verdict)->word;
}

const char *
say_outcome_small(const char *verdict)
{
	return outcome_of(verdict)->small;
}

enum doc_tone
say_outcome_tone(const char *verdict)
{
	return outcome_of(verdict)->tone;
}

const struct run_comparison *
say_primary(const struct run_proof *p)
{
	for (size_t i = 0; i < p->n_comparisons; i++)
		if (p->comparisons[i].primary)
			return &p->comparisons[i];
	return p->n_comparisons ? &p->comparisons[0] : NULL;
}

const char *
say_why(struct doc *d, const struct run_proof *p)
{
	const struct run_comparison *c = say_primary(p);

	if (p->why)
		return say_clip(d, p->why, 400);
	return c ? doc_printf(d, "%s changed by %s", say_compared(d, c), say_change_interval(d, c))
	    : "nothing was compared";
}

/* ---- noise --------------------------------------------------------------------------------- */

const char *
say_noise(struct doc *d, const struct run_proof *p)
{
	const struct run_noise *n = &p->noise;
	CLEANUP(buf_done) struct buf b = { .cap_bytes = 1000 };

	if (n->grade)
		buf_printf(&b, "%s", say_clip(d, n->grade, 20));
	if (say_known(n->spin_p99_over_p50))
		buf_printf(&b, "%sa fixed piece of work has p99 at %.2f times its p50", b.size ? ": " : "",
		    n->spin_p99_over_p50);
	if (say_known(n->block_cpu_sd))
		buf_printf(&b, "%sCPU per request varies by %s within a pair", b.size ? ", " : "",
		    say_percent(d, n->block_cpu_sd));
	if (say_known(n->block_p99_sd))
		buf_printf(&b, "%sp99 by %s", b.size ? ", " : "", say_percent(d, n->block_p99_sd));
	return b.size ? arena_strdup(d->arena, buf_text(&b)) : NULL;
}

const char *
say_sensitivity(struct doc *d, const struct run_proof *p)
{
	CLEANUP(buf_done) struct buf b = { .cap_bytes = 1000 };

	if (p->noise.grade)
		buf_printf(&b, "%s", say_clip(d, p->noise.grade, 20));
	for (size_t i = 0, shown = 0; i < p->n_comparisons; i++) {
		const struct run_comparison *c = &p->comparisons[i];
		bool tail = c->metric && strcmp(c->metric, "latency_p99") == 0;
		if (c->route || !(tail || c->primary) || !say_known(c->detectable))
			continue;
		buf_printf(&b, "%s%s %s", shown++ ? ", " : b.size ? "; least change seen: "
		    : "least change seen: ", say_compared_short(d, c), say_detectable(d, c));
	}
	return b.size ? arena_strdup(d->arena, buf_text(&b)) : NULL;
}

/* ---- answers ------------------------------------------------------------------------------- */

static int64_t
answers_that_differ(const struct run_proof *p)
{
	int64_t n = 0;
	for (size_t i = 0; i < p->n_answers; i++)
		n += p->answers[i].count;
	return n;
}

const char *
say_answers(struct doc *d, const struct run_proof *p)
{
	if (!p->answers_compared && !p->n_answers)
		return NULL;
	const char *compared = say_count(d, (double)p->answers_compared);
	const char *varying = p->answers_varying ? doc_printf(d,
	    "; %s vary in A itself", say_count(d, (double)p->answers_varying)) : "";
	return p->n_answers ? doc_printf(d, "%s of %s compared are not what A says%s",
	    say_count(d, (double)answers_that_differ(p)), compared, varying)
	    : doc_printf(d, "%s compared, all as A's%s", compared, varying);
}

const char *
say_answer(struct doc *d, const struct run_answer *a)
{
	return doc_printf(d, "%s: %s %s, was %s (%lld of %lld)",
	    a->route ? say_clip(d, a->route, 80) : "-",
	    a->differs ? say_clip(d, a->differs, 20) : "answer",
	    a->after ? say_clip(d, a->after, 60) : "-", a->before ? say_clip(d, a->before, 60) : "-",
	    (long long)a->count, (long long)a->of);
}

/* ---- steps that were applied --------------------------------------------------------------- */

static size_t
steps_kept(const struct run *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n_proofs; i++)
		kept += r->proofs[i].kept;
	return kept;
}

const char *
say_fixed(const struct run *r)
{
	size_t kept = steps_kept(r);
	return kept == r->n_proofs ? "KEPT" : kept ? "PARTLY KEPT" : "TAKEN BACK";
}

enum doc_tone
say_fixed_tone(const struct run *r)
{
	return steps_kept(r) == r->n_proofs ? TONE_GOOD : TONE_WARN;
}

/* ---- what changed inside ------------------------------------------------------------------- */

const char *
say_shift(struct doc *d, double before, double after)
{
	if (!(before > 0) && say_known(after))
		return doc_printf(d, "new, %s", say_duration(d, after));
	if (!(after > 0) && say_known(before))
		return doc_printf(d, "gone, %s", say_duration(d, before));
	return doc_printf(d, "%s to %s", say_duration(d, before), say_duration(d, after));
}

const char *
say_calls(struct doc *d, const struct run_difference *f)
{
	const char *before = say_count(d, say_known(f->calls_before) ? f->calls_before : 0);
	const char *after = say_count(d, say_known(f->calls_after) ? f->calls_after : 0);

	if (strcmp(before, after) == 0)
		return NULL;
	return doc_printf(d, "%s to %s calls", before, after);
}

const char *
say_difference_kind(const char *kind)
{
	static const char *const words[][2] = {
		{ "function", "function" }, { "query", "statement" }, { "wait", "wait" },
		{ "call", "call to a peer" },
	};
	for (size_t i = 0; kind && i < COUNT_OF(words); i++)
		if (strcmp(words[i][0], kind) == 0)
			return words[i][1];
	return "-";
}

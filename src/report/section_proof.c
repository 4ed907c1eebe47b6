/* SPDX-License-Identifier: MIT */
/* Is B better than A? Figure by figure, with the interval of each change. */
#include "report/section.h"

#include <math.h>
#include <string.h>

#include "report/say.h"
#include "report/say_proof.h"

#define ROWS_TERMINAL 8
#define ROWS_PAGE     60
#define ROWS_CHART    24

/* All together before single routes, and of those the ones that changed. */
enum rank { TOTAL, CHANGED_ROUTE, UNCHANGED_ROUTE };

static enum rank
rank(const struct run_comparison *c)
{
	bool changed = say_outcome_tone(c->verdict) == TONE_BAD ||
	    (c->verdict && strcmp(c->verdict, "better") == 0);
	return !c->route ? TOTAL : changed ? CHANGED_ROUTE : UNCHANGED_ROUTE;
}

/* ---- terminal ------------------------------------------------------------------------------ */

static void
brief_row(struct doc *d, struct doc_table *t, const struct run_comparison *c)
{
	doc_cell(d, t, say_compared_short(d, c));
	doc_cell(d, t, say_compared_value(d, c, c->before));
	doc_cell(d, t, say_compared_value(d, c, c->after));
	doc_cell(d, t, say_change_interval(d, c));
	doc_cell(d, t, say_outcome_small(c->verdict));
}

static void
in_short(struct doc *d, const struct run_proof *p)
{
	static const char *const titles[] = { "", "A", "B", "B against A (95 %)", "", NULL };
	static const int widths[] = { 0, 9, 9, 27, 10 };
	size_t shown = 0;

	if (!p->n_comparisons)
		return;
	doc_section(d)->title = "compared";
	struct doc_table *t = doc_table(d, NULL, titles);
	for (size_t i = 0; i < t->n_columns; i++)
		t->columns[i].width = widths[i];
	for (enum rank k = TOTAL; k <= UNCHANGED_ROUTE; k++)
		for (size_t i = 0; i < p->n_comparisons && shown < ROWS_TERMINAL; i++)
			if (rank(&p->comparisons[i]) == k) {
				brief_row(d, t, &p->comparisons[i]);
				shown++;
			}
}

/* ---- page ---------------------------------------------------------------------------------- */

static const char *
arm_of(struct doc *d, const struct run_proof *p, size_t i)
{
	const struct run_arm *a = &p->arms[i];
	const char *warm = say_known(a->warm_up) ? doc_printf(d, ", steady after %s",
	    say_duration(d, a->warm_up)) : "";
	const char *starts = a->starts ? doc_printf(d, ", started %lld times", (long long)a->starts) : "";
	return doc_printf(d, "%s%s%s", a->what ? say_clip(d, a->what, 300) : "-", starts, warm);
}

static void
question(struct doc *d, const struct run_proof *p)
{
	struct doc_block *b = doc_block(d, DOC_PAIRS);
	const struct run_comparison *c = say_primary(p);

	for (size_t i = 0; i < p->n_arms && i < 2; i++)
		doc_pair(d, b, p->arms[i].name ? say_clip(d, p->arms[i].name, 10) : "-", arm_of(d, p, i));
	if (p->rate > 0)
		doc_pair(d, b, "Offered", say_rate(d, p->rate));
	if (c && c->pairs)
		doc_pair(d, b, "Pairs", doc_printf(d, "%lld of at most %lld, looked at %lld times",
		    (long long)c->pairs, (long long)p->pairs_at_most, (long long)p->looks));
	if (say_known(p->alpha))
		doc_pair(d, b, "Chance of a false claim", doc_printf(d, "at most %s", say_percent(d, p->alpha)));
	if (p->source)
		doc_pair(d, b, "Source", p->source == SOURCE_ESTIMATED
		    ? "estimated from two finished runs: what the machine did between them is not known"
		    : say_source(p->source));
	if (c && c->pairs_needed > c->pairs)
		doc_pair(d, b, "To decide it", doc_printf(d, "about %lld pairs", (long long)c->pairs_needed));
}

static void
comparisons(struct doc *d, const struct run_proof *p)
{
	static const char *const titles[] = { "figure", ">A", ">B", ">change (95 % interval)", ">margin",
	    ">found from", "verdict", NULL };

	if (!p->n_comparisons)
		return;
	struct doc_table *t = doc_table(d, "B against A", titles);
	for (size_t i = 0; i < p->n_comparisons; i++) {
		const struct run_comparison *c = &p->comparisons[i];
		if (i >= ROWS_PAGE || (d->form == FORM_MARKDOWN && rank(c) == UNCHANGED_ROUTE)) {
			t->left_out++;
			continue;
		}
		doc_cell(d, t, doc_printf(d, "%s%s", say_compared(d, c), c->primary ? " (decides first)" : ""));
		doc_cell(d, t, say_compared_value(d, c, c->before));
		doc_cell(d, t, say_compared_value(d, c, c->after));
		doc_cell(d, t, say_change_interval(d, c));
		doc_cell(d, t, say_margin(d, c));
		doc_cell(d, t, say_detectable(d, c));
		doc_cell_tone(d, t, say_outcome_small(c->verdict), say_outcome_tone(c->verdict));
	}
}

static void
effects(struct doc *d, const struct run_proof *p)
{
	struct doc_effects *chart = arena_alloc(d->arena, sizeof(*chart));

	for (size_t i = 0; i < p->n_comparisons && chart->n_effects < ROWS_CHART; i++) {
		const struct run_comparison *c = &p->comparisons[i];
		bool ratio = !c->metric || strcmp(c->metric, "error_rate") != 0;
		if (!ratio || !(c->ratio > 0) || !say_known(c->ratio))
			continue;
		bool bounded = c->low > 0 && say_known(c->high);
		*ARENA_PUSH(d->arena, chart->effects, chart->n_effects) = (struct doc_effect){
			.label = say_compared_short(d, c), .text = say_change_interval(d, c),
			.ratio = c->ratio, .low = bounded ? c->low : NAN, .high = bounded ? c->high : NAN,
			.margin = c->margin, .tone = say_outcome_tone(c->verdict) };
	}
	if (!chart->n_effects)
		return;
	chart->title = "Changes around none";
	chart->about = "The dot is B against A, the line its 95 % interval, the band the margin below "
	    "which nobody cares.";
	doc_block(d, DOC_EFFECTS)->effects = chart;
}

void
section_proof(struct doc *d, const struct run *r)
{
	const struct run_proof *p = section_proof_of(r);

	if (d->form == FORM_TERMINAL) {
		in_short(d, p);
		return;
	}
	doc_lead(d, d->tone, doc_printf(d, "%s: %s", d->verdict, say_why(d, p)));
	question(d, p);
	comparisons(d, p);
	effects(d, p);
	doc_note(d, "'Found from' is the smallest change that this comparison would have found in four of "
	    "five cases. 'Same' means that the interval lies within the margin; a wider one allows "
	    "no claim.");
}

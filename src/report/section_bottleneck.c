/* SPDX-License-Identifier: MIT */
/* The one thing that limits, what speaks for and against it, and what was ruled out. */
#include "report/section.h"

#include <string.h>

#include "report/say.h"

#define MOST_BARS 6
#define RULED_OUT_MAX 40

static void
first_finding(struct doc *d, const struct run *r)
{
	const struct run_finding *f = &r->findings[0];
	const char *kind = say_clip(d, f->kind, 80);
	const char *words = f->summary ? say_clip(d, f->summary, 500) : say_finding(d, kind);

	doc_lead(d, TONE_BAD, f->confidence < HYPOTHESIS ? doc_printf(d, "Hypothesis: %s", words)
	    : words);
	struct doc_block *b = doc_block(d, DOC_PAIRS);
	doc_pair(d, b, "Finding", doc_printf(d, "%s (%s, %s)", kind ? kind : "-",
	    say_class(f->class),
	    say_source(f->source)));
	if (say_known(f->share))
		doc_pair(d, b, "Share of slow-request time", say_share(d, f->share));
	doc_pair(d, b, "Confidence", say_confidence(d, f->confidence));
	doc_pair(d, b, "Basis", say_basis(f));
	doc_pair(d, b, "Place", say_place(d, f, 400));
	doc_pair(d, b, "Route", say_clip(d, f->route, 120));
	if (f->n_evidence) {
		doc_heading(d, "Evidence");
		doc_list(d, DOC_LIST, f->evidence, f->n_evidence < 12 ? f->n_evidence : 12);
	}
	doc_heading(d, "Evidence against it");
	if (f->n_against)
		doc_list(d, DOC_LIST, f->against, f->n_against < 12 ? f->n_against : 12);
	else
		doc_note(d, "Nothing was seen that speaks against it.");
}

static void
nothing_named(struct doc *d, const struct run *r)
{
	if (r->healthy) {
		doc_lead(d, TONE_GOOD, "Nothing limits the service at this load.");
		doc_text(d, say_clip(d, r->healthy, 800));
		return;
	}
	doc_lead(d, TONE_WARN, "No bottleneck is named.");
	doc_text(d, r->verdict == VERDICT_GENERATOR_LIMITED
	    ? "The load generator was the limit, so the figures say nothing about the service."
	    : section_has_profile(r) ? d->headline
	    : "There is no profile of the service, so nothing can be named. Gather one first.");
}

static bool
is_slow(const struct run_time *t)
{
	return t->scope && strcmp(t->scope, "slow") == 0;
}

/* What the limit is about comes first, and slow requests before all. */
static int
rank_of(const struct run *r, const struct run_time *t)
{
	const char *route = r->n_findings ? r->findings[0].route : NULL;
	bool about = route && t->route && strcmp(route, t->route) == 0;

	return (about ? 0 : 2) + (is_slow(t) ? 0 : 1);
}

static void
time_bar(struct doc *d, struct doc_stack *chart, const struct run_time *t)
{
	struct doc_stack_row *row = ARENA_PUSH(d->arena, chart->rows, chart->n_rows);

	row->label = doc_printf(d, "%s, %s", t->route ? say_clip(d, t->route, 80) : "all routes",
	    is_slow(t) ? "slow requests" : "all requests");
	row->value = doc_printf(d, "%s mean of %s requests", say_duration(d, t->seconds),
	    say_count(d, (double)t->requests));
	for (size_t i = 0; i < t->n_parts && i < 24; i++) {
		struct doc_share *s = ARENA_PUSH(d->arena, row->shares, row->n_shares);
		const char *where = say_clip(d, t->parts[i].where, 80);
		s->kind = t->parts[i].kind;
		s->share = t->parts[i].share;
		s->text = say_share(d, s->share);
		s->label = where ? doc_printf(d, "%s: %s", part_kind_words(s->kind), where)
		    : part_kind_words(s->kind);
	}
}

static void
time_chart(struct doc *d, const struct run *r)
{
	if (!r->n_time)
		return;
	struct doc_stack *chart = arena_alloc(d->arena, sizeof(*chart));
	chart->title = "Where the time of a request goes";
	chart->about = "Waiting is charged to what the holders were doing.";
	for (int rank = 0; rank < 4; rank++)
		for (size_t i = 0; i < r->n_time && chart->n_rows < MOST_BARS; i++)
			if (rank_of(r, &r->time[i]) == rank)
				time_bar(d, chart, &r->time[i]);
	doc_block(d, DOC_STACK)->stack = chart;
	if (r->n_time > chart->n_rows)
		doc_note(d, doc_printf(d, "%zu more are in run.json.", r->n_time - chart->n_rows));
}

/* The first two lines. */
static const char *
say_first(struct doc *d, const char **lines, size_t n)
{
	return n ? say_clip(d, say_join(d, lines, n < 2 ? n : 2, 2, "; "), 300) : NULL;
}

static void
other_findings(struct doc *d, const struct run *r)
{
	static const char *const titles[] = { "", "finding", ">share", "confidence", "where",
	    "speaks for it", "speaks against it", NULL };

	if (r->n_findings < 2)
		return;
	struct doc_table *t = doc_table(d, "Further findings, in order", titles);
	for (size_t i = 1; i < r->n_findings && i < 20; i++) {
		const struct run_finding *f = &r->findings[i];
		doc_cell(d, t, f->id);
		doc_cell_code(d, t, say_clip(d, f->kind, 60));
		doc_cell(d, t, say_share(d, f->share));
		doc_cell(d, t, say_certainty(d, f->confidence));
		doc_cell_code(d, t, say_place(d, f, 160));
		doc_cell(d, t, f->n_evidence ? say_first(d, f->evidence, f->n_evidence)
		    : say_clip(d, f->summary, 300));
		doc_cell(d, t, say_first(d, f->against, f->n_against));
	}
	t->left_out = r->n_findings > 20 ? r->n_findings - 20 : 0;
}

static bool
is_told_before(const struct run *r, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (r->ruled_out[i].why && r->ruled_out[at].why && !strcmp(r->ruled_out[i].why, r->ruled_out[at].why))
			return true;
	return false;
}

static const char *
kinds_with(struct doc *d, const struct run *r, const char *why)
{
	const char *kinds[RULED_OUT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < r->n_ruled_out && n < RULED_OUT_MAX; i++)
		if (r->ruled_out[i].why && !strcmp(r->ruled_out[i].why, why))
			kinds[n++] = say_clip(d, r->ruled_out[i].kind, 60);
	return say_join(d, kinds, n, n, ", ");
}

static void
ruled_out(struct doc *d, const struct run *r)
{
	static const char *const titles[] = { "ruled out", "why", NULL };
	struct doc_table *t = NULL;

	for (size_t i = 0; i < r->n_ruled_out && i < RULED_OUT_MAX; i++) {
		const struct run_ruled_out *o = &r->ruled_out[i];
		if (section_not_judged(o))
			continue;
		t = t ? t : doc_table(d, "What it is not", titles);
		doc_cell_code(d, t, say_clip(d, o->kind, 60));
		doc_cell(d, t, say_clip(d, o->why, 300));
	}
	if (!t)
		doc_note(d, "Nothing was ruled out: there was not enough evidence to do so.");
}

static void
not_judged(struct doc *d, const struct run *r)
{
	static const char *const titles[] = { "not judged", "why", NULL };
	struct doc_table *t = NULL;

	for (size_t i = 0; i < r->n_ruled_out && i < RULED_OUT_MAX; i++) {
		const char *why = section_not_judged(&r->ruled_out[i]);
		if (!why || is_told_before(r, i))
			continue;
		t = t ? t : doc_table(d, "What it may still be", titles);
		doc_cell_code(d, t, kinds_with(d, r, r->ruled_out[i].why));
		doc_cell(d, t, say_clip(d, why, 300));
	}
}

void
section_bottleneck(struct doc *d, const struct run *r)
{
	if (r->n_findings)
		first_finding(d, r);
	else
		nothing_named(d, r);
	time_chart(d, r);
	other_findings(d, r);
	ruled_out(d, r);
	not_judged(d, r);
}

/* SPDX-License-Identifier: MIT */
/* From the symptom down to the place: function, lock or statement. */
#include "report/section.h"

#include "report/say.h"

#define MOST_FORKS 12

static void
chain(struct doc *d, const struct run *r)
{
	const struct run_finding *f = &r->findings[0];
	const struct run_target *t = section_target(r);
	struct doc_block *b = doc_block(d, DOC_TREE);

	if (t && say_known(t->value))
		doc_item(d, b, doc_printf(d, "Symptom: %s is %s, the target is %s",
		    say_metric(t->metric), say_value(d, r, t->metric, t->value),
		    say_limit(d, r, t)));
	if (f->route)
		doc_item(d, b, doc_printf(d, "Requests: %s", say_clip(d, f->route, 120)));
	if (say_known(f->share))
		doc_item(d, b, doc_printf(d, "Time: %s goes to %s", say_share(d, f->share),
		    say_finding(d, say_clip(d, f->kind, 60))));
	if (f->where)
		doc_item(d, b, doc_printf(d, "Place: %s", say_place(d, f, 400)));
}

static const char *
holder(struct doc *d, const struct run_wait *w)
{
	const char *parts[3];
	size_t n = 0;

	for (; n < w->n_holder && n < 3; n++) {
		const struct run_part *p = &w->holder[n];
		parts[n] = doc_printf(d, "%s %s%s%s", say_share(d, p->share), part_kind_words(p->kind),
		    p->where ? ": " : "", p->where ? say_clip(d, p->where, 80) : "");
	}
	return say_join(d, parts, n, n, "; ");
}

static void
waits(struct doc *d, const struct run_trace *trace)
{
	static const char *const titles[] = { "waited for", ">waits", ">waiting at once",
	                                      "meanwhile the holder was", NULL };
	if (!trace->n_waits)
		return;
	struct doc_table *t = doc_table(d, "Waits, and what the holders were doing", titles);
	for (size_t i = 0; i < trace->n_waits && i < 10; i++) {
		const struct run_wait *w = &trace->waits[i];
		doc_cell(d, t, doc_printf(d, "%s%s%s", w->where ? say_clip(d, w->where, 100)
		    : part_kind_words(w->kind),
		    w->site ? ", held by " : "", w->site ? say_clip(d, w->site, 80) : ""));
		doc_cell(d, t, say_count(d, (double)w->waits));
		doc_cell(d, t, say_count(d, w->mean_waiters));
		doc_cell(d, t, holder(d, w));
	}
	t->left_out = trace->n_waits > 10 ? trace->n_waits - 10 : 0;
}

static void
query_plan(struct doc *d, const struct run_query *q)
{
	if (!q->n_plan)
		return;
	doc_heading(d, "Plan of the costliest statement");
	doc_code(d, say_join(d, q->plan, q->n_plan, 40, "\n"));
	if (q->index_plan)
		doc_text(d, doc_printf(d, "With an index on %s (%s) the planner itself chooses: %s",
		    q->index_table ? say_clip(d, q->index_table, 80) : "the table",
		    say_join(d, q->index_columns, q->n_index_columns, 8, ", "),
		    say_clip(d, q->index_plan, 200)));
}

/* With --literals only. */
static void
examples(struct doc *d, const struct run_trace *trace)
{
	static const char *const titles[] = { "statement", "as it was sent", NULL };
	struct doc_table *t = NULL;
	for (size_t i = 0; i < trace->n_queries && i < 10; i++) {
		const struct run_query *q = &trace->queries[i];
		if (!q->example)
			continue;
		t = t ? t : doc_table(d, "One of each, with its values (--literals)", titles);
		doc_cell_code(d, t, say_clip(d, q->fingerprint, 300));
		doc_cell_code(d, t, say_clip(d, q->example, 600));
	}
}

static void
queries(struct doc *d, const struct run_trace *trace)
{
	static const char *const titles[] = { "statement", "route", ">calls a request", ">time",
	                                      ">rows a call", "full scan of", NULL };
	if (!trace->n_queries)
		return;
	struct doc_table *t = doc_table(d, "Statements during the trace", titles);
	for (size_t i = 0; i < trace->n_queries && i < 10; i++) {
		const struct run_query *q = &trace->queries[i];
		doc_cell_code(d, t, say_clip(d, q->fingerprint, 300));
		doc_cell_code(d, t, say_clip(d, q->route, 80));
		doc_cell(d, t, say_count(d, q->per_request));
		doc_cell(d, t, say_duration(d, q->seconds));
		doc_cell(d, t, say_count(d, q->rows));
		doc_cell(d, t, q->scan_table ? doc_printf(d, "%s (%s rows)",
		    say_clip(d, q->scan_table, 60), say_count(d, q->scan_rows)) : NULL);
	}
	t->left_out = trace->n_queries > 10 ? trace->n_queries - 10 : 0;
	examples(d, trace);
	query_plan(d, &trace->queries[0]);
}

static void
decision_path(struct doc *d, const struct run *r)
{
	if (!r->n_forks)
		return;
	doc_heading(d, "How the conclusion was reached");
	struct doc_block *b = doc_block(d, DOC_PATH);
	b->forks = r->forks;
	b->n_forks = r->n_forks < MOST_FORKS ? r->n_forks : MOST_FORKS;
}

void
section_cause(struct doc *d, const struct run *r)
{
	if (r->n_findings)
		chain(d, r);
	else
		doc_text(d, r->healthy ? "There is no defect to explain."
		    : section_has_profile(r) ? "No cause can be named from what was measured."
		    : "No profile of the service was taken, so its inside is not known.");
	decision_path(d, r);
	waits(d, &r->evidence.trace);
	queries(d, &r->evidence.trace);
}

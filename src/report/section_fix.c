/* SPDX-License-Identifier: MIT */
/* The steps, best first, with what each is expected to bring together with those before it. */
#include "report/section.h"

#include <math.h>
#include <string.h>

#include "report/say.h"

static void
no_steps(struct doc *d, const struct run *r)
{
	if (r->healthy) {
		doc_text(d, "Nothing to fix: no step is recommended.");
		return;
	}
	if (r->verdict == VERDICT_ERROR || r->verdict == VERDICT_NONE) {
		doc_text(d, "First remove what stopped the run, then gather a baseline.");
		return;
	}
	if (!r->n_findings)
		doc_text(d, "No step is recommended without a named cause.");
	else
		doc_text(d,
		    "There is no ready step for this finding; what to look at is in the explanation:");
	if (r->n_findings && r->findings[0].kind)
		doc_code(d, doc_printf(d, "prony explain %s",
		    say_clip(d, r->findings[0].kind, 80)));
}

static void
plan_table(struct doc *d, const struct run *r)
{
	static const char *const titles[] = { "step", "what", "expected, with the steps before it",
	                                      ">faster, at most", "effort", "risk", "undo", NULL };
	struct doc_table *t = doc_table(d,
	    "The plan (modelled; in brackets the interval of the prediction)",
	    titles);

	for (size_t i = 0; i < r->n_plan && i < 20; i++) {
		const struct run_step *s = &r->plan[i];
		doc_cell(d, t, say_step_id(d, s));
		doc_cell(d, t, say_step_what(d, s));
		doc_cell(d, t, say_step(d, s) ? say_step(d, s) : "no prediction");
		doc_cell(d, t, say_times(d, s->ceiling));
		doc_cell(d, t, say_level(s->effort));
		doc_cell(d, t, say_level(s->risk));
		doc_cell(d, t, s->undo ? "yes" : "advice");
	}
	t->left_out = r->n_plan > 20 ? r->n_plan - 20 : 0;
}

static void
add_bar(struct doc *d, struct doc_bars *chart, const char *label, const struct run_num *n)
{
	if (!say_known(n->value))
		return;
	struct doc_bar *b = ARENA_PUSH(d->arena, chart->bars, chart->n_bars);
	b->label = label;
	b->text = say_predicted(d, n, UNIT_SECONDS);
	b->value = n->value;
	b->low = n->low;
	b->high = n->high;
	b->tone = TONE_GOOD;
}

/* p99 now, then with each step. */
static void
plan_chart(struct doc *d, const struct run *r)
{
	struct doc_bars *chart = arena_alloc(d->arena, sizeof(*chart));
	const struct run_target *target = section_target(r);
	const struct run_num now = { .value = r->baseline.latency.p99, .low = NAN, .high = NAN };

	chart->title = "p99 latency, now and after each step";
	chart->limit = NAN;
	if (target && target->metric && strcmp(target->metric, "latency_p99") == 0) {
		chart->limit = target->limit;
		chart->limit_label = doc_printf(d, "target %s", say_duration(d, target->limit));
	}
	add_bar(d, chart, "now", &now);
	if (chart->n_bars) {
		chart->bars[0].tone = TONE_PLAIN;
		chart->bars[0].text = doc_printf(d, "%s (measured)", say_duration(d, now.value));
	}
	for (size_t i = 0; i < r->n_plan && i < 8; i++) {
		const char *id = say_step_id(d, &r->plan[i]);
		add_bar(d, chart, i ? doc_printf(d, "+ %s", id) : id,
		    &r->plan[i].predicted.latency_p99);
	}
	if (chart->n_bars > 1)
		doc_block(d, DOC_BARS)->bars = chart;
}

void
section_fix(struct doc *d, const struct run *r)
{
	if (!section_has_profile(r) && !r->healthy && r->verdict != VERDICT_ERROR) {
		doc_text(d,
		    "First action: gather a profile. Profiling data is missing from this run; this "
		            "names what would open the view:");
		doc_code(d, "prony doctor");
	}
	if (!r->n_plan) {
		no_steps(d, r);
		return;
	}
	plan_table(d, r);
	plan_chart(d, r);
	if (r->plan[r->n_plan - 1].then)
		doc_text(d, doc_printf(d, "After that the limit is: %s",
		    say_clip(d, r->plan[r->n_plan - 1].then, 300)));
}

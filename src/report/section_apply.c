/* SPDX-License-Identifier: MIT */
/* The exact text of each step, and of taking it back. */
#include "report/section.h"

#include "report/say.h"

static void
step(struct doc *d, const struct run_step *s)
{
	doc_heading(d, doc_printf(d, "%s: %s", say_step_id(d, s),
	    say_step_what(d, s)));
	if (s->apply) {
		doc_text(d, !s->automatic ? "Apply:" : doc_printf(d, "Apply (prony fix %s does it, and keeps it "
		    "only when it is proven):", say_step_id(d, s)));
		doc_code(d, say_clip(d, s->apply, 4000));
	} else {
		doc_note(d, "There is no exact text for this step: it is advice.");
	}
	if (s->undo) {
		doc_text(d, "Undo:");
		doc_code(d, say_clip(d, s->undo, 4000));
	} else if (s->apply) {
		doc_note(d, "It has no undo of its own: keep the version before it.");
	}
	if (s->tradeoff)
		doc_text(d, doc_printf(d, "What it costs: %s", say_clip(d, s->tradeoff, 600)));
}

void
section_apply(struct doc *d, const struct run *r)
{
	if (!r->n_plan)
		doc_text(d, "There is no step to apply.");
	for (size_t i = 0; i < r->n_plan && i < 12; i++)
		step(d, &r->plan[i]);
	if (r->n_plan > 12)
		doc_note(d, doc_printf(d, "%zu more steps are in run.json.", r->n_plan - 12));
}

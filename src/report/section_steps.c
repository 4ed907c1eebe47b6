/* SPDX-License-Identifier: MIT */
/* What prony fix has applied, and what became of it; the proof of the last one follows in full. */
#include "report/section.h"

#include <string.h>

#include "report/say.h"
#include "report/say_proof.h"

#define ROWS_TERMINAL 4
#define ROWS_PAGE     20

static const struct run_step *
step_of(const struct run *r, const struct run_proof *p)
{
	for (size_t i = 0; p->step && i < r->n_plan; i++)
		if (r->plan[i].id && strcmp(r->plan[i].id, p->step) == 0)
			return &r->plan[i];
	return NULL;
}

static const char *
what_of(struct doc *d, const struct run *r, const struct run_proof *p)
{
	const struct run_step *s = step_of(r, p);
	return s ? say_step_what(d, s) : "-";
}

/* From what to what: "142 ms to 3.10 ms". */
static const char *
shift_of(struct doc *d, double before, double after)
{
	return say_known(before) && say_known(after) ? say_shift(d, before, after) : "-";
}

/* Of one step the verdict says it all. */
static void
in_short(struct doc *d, const struct run *r)
{
	static const char *const titles[] = { "", "", "p99", "", NULL };

	if (r->n_proofs < 2)
		return;
	struct doc_table *t = doc_table(d, NULL, titles);
	t->columns[0].width = 3;
	t->columns[2].width = 20;
	t->columns[3].width = 10;
	for (size_t i = 0; i < r->n_proofs && i < ROWS_TERMINAL; i++) {
		const struct run_proof *p = &r->proofs[i];
		doc_cell(d, t, say_clip(d, p->step, 20));
		doc_cell(d, t, what_of(d, r, p));
		doc_cell(d, t, shift_of(d, p->before.latency.p99, p->after.latency.p99));
		doc_cell(d, t, p->kept ? "kept" : "taken back");
	}
}

static void
texts(struct doc *d, const struct run_step *s)
{
	if (s->on)
		doc_text(d, doc_printf(d, "Applied to %s:", say_clip(d, s->on, 300)));
	doc_code(d, say_clip(d, s->apply, 4000));
	if (!s->undo)
		return;
	doc_text(d, "Taken back by:");
	doc_code(d, say_clip(d, s->undo, 4000));
}

static void
in_full(struct doc *d, const struct run *r)
{
	static const char *const titles[] = { "step", "what", ">p50", ">p99", ">throughput", "verdict", "now",
	    NULL };

	struct doc_table *t = doc_table(d, "Without and with each step, those before it in place as decided", titles);
	for (size_t i = 0; i < r->n_proofs && i < ROWS_PAGE; i++) {
		const struct run_proof *p = &r->proofs[i];
		doc_cell(d, t, say_clip(d, p->step, 20));
		doc_cell(d, t, what_of(d, r, p));
		doc_cell(d, t, shift_of(d, p->before.latency.p50, p->after.latency.p50));
		doc_cell(d, t, shift_of(d, p->before.latency.p99, p->after.latency.p99));
		doc_cell(d, t, say_times(d, p->effect.throughput.ratio));
		doc_cell_tone(d, t, say_outcome_small(p->verdict), say_outcome_tone(p->verdict));
		doc_cell_tone(d, t, p->kept ? "kept" : "taken back", p->kept ? TONE_GOOD : TONE_WARN);
	}
	t->left_out = r->n_proofs > ROWS_PAGE ? r->n_proofs - ROWS_PAGE : 0;
	for (size_t i = 0; i < r->n_proofs && i < ROWS_PAGE; i++)
		if (step_of(r, &r->proofs[i]))
			texts(d, step_of(r, &r->proofs[i]));
	doc_note(d, "In what follows A is the service without the last step, B with it.");
}

void
section_steps(struct doc *d, const struct run *r)
{
	if (!r->fix)
		return;
	if (d->form == FORM_TERMINAL)
		in_short(d, r);
	else
		in_full(d, r);
}

/* SPDX-License-Identifier: MIT */
/* Does B say what A says? A faster wrong answer is worse. */
#include "report/section.h"

#include "report/say.h"
#include "report/say_proof.h"

void
section_proof_answers(struct doc *d, const struct run *r)
{
	static const char *const titles[] = { "route", "differs in", "A", "B", ">requests", ">of", NULL };
	const struct run_proof *p = section_proof_of(r);
	const char *words = say_answers(d, p);

	if (!words) {
		doc_note(d, "Answers were not compared.");
		return;
	}
	if (p->answers_varying)
		doc_note(d, "Where A answers the same request in different ways itself, only the status is "
		    "compared.");
	doc_lead(d, p->n_answers ? TONE_BAD : TONE_GOOD, words);
	if (!p->n_answers)
		return;
	struct doc_table *t = doc_table(d, "Requests that B answers in another way", titles);
	for (size_t i = 0; i < p->n_answers && i < 20; i++) {
		const struct run_answer *a = &p->answers[i];
		doc_cell_code(d, t, say_clip(d, a->route, 80));
		doc_cell(d, t, say_clip(d, a->differs, 40));
		doc_cell(d, t, say_clip(d, a->before, 100));
		doc_cell(d, t, say_clip(d, a->after, 100));
		doc_cell(d, t, doc_printf(d, "%lld", (long long)a->count));
		doc_cell(d, t, doc_printf(d, "%lld", (long long)a->of));
	}
	t->left_out = p->n_answers > 20 ? p->n_answers - 20 : 0;
}

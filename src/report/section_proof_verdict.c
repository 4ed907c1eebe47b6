/* SPDX-License-Identifier: MIT */
/* Terminal: is B better? In words, with what could overturn it: other answers, a noisy machine. */
#include "report/section.h"

#include "report/say.h"
#include "report/say_proof.h"

#define ANSWERS_SHOWN 2

void
section_proof_verdict(struct doc *d, const struct run *r)
{
	const struct run_proof *p = section_proof_of(r);
	const char *machine = say_sensitivity(d, p), *answers = say_answers(d, p);

	doc_section(d)->title = d->verdict;
	doc_lead(d, d->tone, d->headline);
	if (answers)
		doc_text(d, doc_printf(d, "answers: %s", answers));
	for (size_t i = 0; i < p->n_answers && i < ANSWERS_SHOWN; i++)
		doc_text(d, doc_printf(d, "  %s", say_answer(d, &p->answers[i])));
	if (machine)
		doc_text(d, doc_printf(d, "machine: %s", machine));
}

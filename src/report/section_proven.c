/* SPDX-License-Identifier: MIT */
/* What the steps of the plan that were applied really did. */
#include "report/section.h"

#include "report/say.h"
#include "report/say_proof.h"

void
section_proven(struct doc *d, const struct run *r)
{
	static const char *const titles[] = { "step", ">p99 before", ">p99 after", ">ratio (interval)",
	    "verdict", "kept", NULL };

	if (!r->n_proofs)
		return;
	struct doc_table *t = doc_table(d, "Measured again with and without each step", titles);
	for (size_t i = 0; i < r->n_proofs && i < 20; i++) {
		const struct run_proof *p = &r->proofs[i];
		const struct run_effect *e = &p->effect.latency_p99;
		doc_cell(d, t, say_clip(d, p->step, 20));
		doc_cell(d, t, say_duration(d, p->before.latency.p99));
		doc_cell(d, t, say_duration(d, p->after.latency.p99));
		doc_cell(d, t, doc_printf(d, "%s (%s to %s)", say_times(d, e->ratio), say_times(d, e->low),
		    say_times(d, e->high)));
		doc_cell_tone(d, t, say_outcome_small(p->verdict), say_outcome_tone(p->verdict));
		doc_cell(d, t, p->kept ? "yes" : "no");
	}
	t->left_out = r->n_proofs > 20 ? r->n_proofs - 20 : 0;
}

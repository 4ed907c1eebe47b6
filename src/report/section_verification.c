/* SPDX-License-Identifier: MIT */
/* How to know that it worked: the same measurement again, and what must come out. */
#include "report/section.h"

#include "base/buf.h"
#include "report/escape.h"
#include "report/say.h"
#include "report/say_proof.h"

static const char *
same_again(struct doc *d, const struct run *r)
{
	struct buf b = { .cap_bytes = 4000 };

	buf_puts(&b, "prony check");
	for (size_t i = 0; i < r->spec.n_urls && i < 20; i++) {
		buf_putc(&b, ' ');
		escape_shell(&b, say_clip(d, r->spec.urls[i], 300));
	}
	for (size_t i = 0; i < r->spec.n_targets && i < 10; i++) {
		buf_puts(&b, " --target ");
		escape_shell(&b, say_clip(d, r->spec.targets[i], 100));
	}
	if (say_known(r->baseline.rate) && r->baseline.rate > 0)
		buf_printf(&b, " --rate %.6g/s", r->baseline.rate);
	if (r->spec.seed)
		buf_printf(&b, " --seed %lld", (long long)r->spec.seed);
	const char *s = arena_strdup(d->arena, buf_text(&b));
	buf_done(&b);
	return s;
}

static void
expectations(struct doc *d, const struct run *r)
{
	struct doc_block *b = doc_block(d, DOC_STEPS);
	const struct run_target *t = section_target(r);

	doc_item(d, b, r->n_plan ? "Apply one step at a time, the first one first."
	    : "Change nothing, or only what you want to judge.");
	doc_item(d, b,
	    "Measure again with the same load, seed and data set, on the same machine (command below).");
	for (size_t i = 0; i < r->n_plan && i < 8; i++)
		if (say_step(d, &r->plan[i]))
			doc_item(d, b, doc_printf(d, "After %s expect %s.", r->plan[i].id
			    ? r->plan[i].id
			    : "the step", say_step(d, &r->plan[i])));
	if (t)
		doc_item(d, b, doc_printf(d, "Done when %s %s with its whole interval.",
		    say_metric(t->metric),
		    say_limit(d, r, t)));
	doc_item(d, b,
	    "Keep a step only if the change is larger than the noise and no other route, error "
	               "rate, memory or CPU figure got worse; else undo it.");
}

/* What the steps that were applied really did. */
static void
proven(struct doc *d, const struct run *r)
{
	static const char *const titles[] = { "step", ">p99 before", ">p99 after", ">ratio (interval)",
	    "verdict", "kept", NULL };

	if (!r->n_proofs)
		return;
	struct doc_table *t = doc_table(d, "Steps already proven", titles);
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

void
section_verification(struct doc *d, const struct run *r)
{
	expectations(d, r);
	doc_code(d, same_again(d, r));
	if (say_known(r->evidence.noise))
		doc_text(d, doc_printf(d,
		    "Noise here: the p50 of equal blocks of load varies by %s. Smaller "
		    "changes cannot be told from chance.", say_percent(d, r->evidence.noise)));
	proven(d, r);
}

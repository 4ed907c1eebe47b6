/* SPDX-License-Identifier: MIT */
/* How the figures were made, what could not be seen, and what prony itself cost. */
#include "report/section.h"

#include "report/say.h"

static void
eyes(struct doc *d, const struct run *r)
{
	static const char *const titles[] = { "view", "open", "how, or what is lost", "opened by",
	    NULL };

	if (!r->n_eyes)
		return;
	struct doc_table *t = doc_table(d, "What could be seen", titles);
	for (size_t i = 0; i < r->n_eyes && i < 30; i++) {
		const struct run_eye *e = &r->eyes[i];
		doc_cell(d, t, say_clip(d, e->name, 60));
		doc_cell_tone(d, t, e->open ? "yes" : "no", e->open ? TONE_GOOD : TONE_WARN);
		doc_cell(d, t, say_clip(d, e->means, 300));
		doc_cell_code(d, t, say_clip(d, e->cure, 300));
	}
}

static void
measurement(struct doc *d, const struct run *r)
{
	const struct run_trace *t = &r->evidence.trace;
	struct doc_block *b = doc_block(d, DOC_PAIRS);

	doc_pair(d, b, "Load", r->spec.observe ? "real traffic, watched" : doc_printf(d,
	    "open loop, %s arrivals, seed %lld; latency counts from the intended start",
	    r->spec.arrivals ? say_clip(d, r->spec.arrivals, 20) : "poisson",
	    (long long)r->spec.seed));
	if (say_known(r->evidence.noise))
		doc_pair(d, b, "Noise", doc_printf(d, "p50 of equal blocks varies by %s",
		    say_percent(d, r->evidence.noise)));
	doc_pair(d, b, "Tracing", t->mode ? doc_printf(d, "%s for %s: %s requests, %s samples",
	    say_clip(d, t->mode, 20), say_duration(d, t->seconds), say_count(d,
	    (double)t->requests),
	    say_count(d, (double)t->samples)) : "none");
	if (say_known(t->added))
		doc_pair(d, b, "Cost of tracing to the service",
		    doc_printf(d, "some %s more CPU, estimated", say_percent(d, t->added)));
	if (say_known(t->dear))
		doc_pair(d, b, "Load while tracing", doc_printf(d, "less than at the knee: requests took %s more CPU "
		    "while they were followed, measured; the knee was looked for without that",
		    say_percent(d, t->dear)));
	if (say_known(t->unwound))
		doc_pair(d, b, "Stacks", doc_printf(d,
		    "%s reach their root, %s of the frames have a name",
		    say_percent(d, t->unwound), say_percent(d, t->symbolised)));
	doc_pair(d, b, "Lost events", doc_printf(d, "%lld", (long long)r->self.dropped_events));
	if (say_known(r->self.cpu))
		doc_pair(d, b, "prony's own cost", doc_printf(d,
		    "%s and %s, and %s for the load generator",
		    say_cores(d, r->self.cpu), say_size(d, (double)r->self.rss_bytes),
		    say_cores(d, r->self.generator_cpu)));
	if (say_known(r->self.seconds))
		doc_pair(d, b, "The run took", say_duration(d, r->self.seconds));
	doc_pair(d, b, "Run", say_clip(d, r->id, 100));
}

void
section_method(struct doc *d, const struct run *r)
{
	measurement(d, r);
	eyes(d, r);
	doc_note(d,
	    "Intervals are 95 % unless said otherwise. What is measured, estimated or modelled is "
	            "marked so. Everything on this page comes from run.json beside it.");
}

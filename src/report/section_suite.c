/* SPDX-License-Identifier: MIT */
/* The suite of load tests: how the service took normal load, peak, spike, stress and soak. Absent
 * from runs that are none. */
#include "report/section.h"

#include <string.h>

#include "report/say.h"

#define MOST_PHASES 60

static const char *
failure_words(enum run_failure f)
{
	static const char *const words[] = {
		[FAILURE_NONE] = "held", [FAILURE_QUEUE] = "a queue grows",
		[FAILURE_ERRORS] = "error answers", [FAILURE_TIMEOUTS] = "no answers in time",
		[FAILURE_REFUSED] = "connections refused or cut", [FAILURE_CRASH] = "crash",
		[FAILURE_GENERATOR] = "the generator was the limit",
	};
	return words[f];
}

static enum doc_tone
failure_tone(enum run_failure f)
{
	return f == FAILURE_NONE ? TONE_GOOD : f == FAILURE_QUEUE || f == FAILURE_GENERATOR ? TONE_WARN
	    : TONE_BAD;
}

static void
phase_table(struct doc *d, const struct run_suite *s)
{
	static const char *const titles[] = { "phase", ">offered", ">answered", ">p50", ">p99",
	    ">errors", "outcome", NULL };
	struct doc_table *t = doc_table(d, "Phases in their order", titles);

	for (size_t i = 0; i < s->n_phases && i < MOST_PHASES; i++) {
		const struct run_suite_phase *p = &s->phases[i];
		bool recovery = p->phase && strncmp(p->phase, "recovery", 8) == 0;
		doc_cell(d, t, say_clip(d, p->phase, 40));
		doc_cell(d, t, say_rate(d, p->rate));
		doc_cell(d, t, say_rate(d, p->throughput));
		doc_cell(d, t, say_duration(d, p->p50));
		doc_cell(d, t, say_duration(d, p->p99));
		doc_cell(d, t, say_percent(d, p->error_rate));
		doc_cell_tone(d, t, recovery ? "-" : failure_words(p->failure), recovery ? TONE_PLAIN
		    : failure_tone(p->failure));
	}
	t->left_out = s->n_phases > MOST_PHASES ? s->n_phases - MOST_PHASES : 0;
}

static void
breaking_point(struct doc *d, struct doc_block *b, const struct run_suite *s)
{
	if (!s->failure)
		return;
	doc_pair(d, b, "Breaking point", doc_printf(d, "%s: %s (%s)", say_rate(d, s->breaking_rate),
	    failure_words(s->failure), say_clip(d, s->breaking_phase, 40)));
	if (s->worst)
		doc_pair(d, b, "Beyond it", doc_printf(d, "%s: %s (%s)", say_rate(d, s->worst_rate),
		    failure_words(s->worst), say_clip(d, s->worst_phase, 40)));
}

static void
recoveries(struct doc *d, struct doc_block *b, const struct run_suite *s)
{
	for (size_t i = 0; i < s->n_recoveries && i < 10; i++) {
		const struct run_recovery *r = &s->recoveries[i];
		doc_pair(d, b, doc_printf(d, "Recovery after %s", say_clip(d, r->after, 40)),
		    say_known(r->seconds) ? say_duration(d, r->seconds)
		    : doc_printf(d, "not within %s", say_duration(d, r->bound)));
	}
}

static void
integrity(struct doc *d, struct doc_block *b, const struct run_suite *s)
{
	for (size_t i = 0; i < s->n_integrity && i < 10; i++) {
		const struct run_integrity *r = &s->integrity[i];
		doc_pair(d, b, doc_printf(d, "Data %s", say_clip(d, r->when, 20)),
		    doc_printf(d, "%s (status %lld)%s%s", r->status ? "NOT whole" : "whole",
		        (long long)r->status, r->said ? ": " : "",
		        r->said ? say_clip(d, r->said, 200) : ""));
	}
}

static void
in_full(struct doc *d, const struct run_suite *s)
{
	struct doc_block *b = doc_block(d, DOC_PAIRS);

	if (say_known(s->normal_rate))
		doc_pair(d, b, "Normal load and peak", doc_printf(d, "%s and %s",
		    say_rate(d, s->normal_rate), say_rate(d, s->peak_rate)));
	breaking_point(d, b, s);
	recoveries(d, b, s);
	if (say_known(s->drift))
		doc_pair(d, b, "Drift of p99 in the soak", !s->hint ? "none beyond chance"
		    : doc_printf(d, "%s a minute (95 %%: %s to %s)", say_percent(d, s->drift),
		          say_percent(d, s->drift_low), say_percent(d, s->drift_high)));
	integrity(d, b, s);
	doc_note(d, say_clip(d, s->hint, 300));
	phase_table(d, s);
}

/* Each pair of the long form as a line. */
static void
in_short(struct doc *d, const struct run_suite *s)
{
	struct doc_block b = { .kind = DOC_PAIRS };

	doc_lead(d, failure_tone(s->worst ? s->worst : s->failure), doc_printf(d, "%zu phases%s",
	    s->n_phases, s->failure ? "" : ", and it gave way in none"));
	breaking_point(d, &b, s);
	recoveries(d, &b, s);
	integrity(d, &b, s);
	for (size_t i = 0; i < b.n_pairs && i < 6; i++)
		doc_text(d, doc_printf(d, "%s: %s", b.pairs[i].name, b.pairs[i].value));
}

void
section_suite(struct doc *d, const struct run *r)
{
	if (!r->suite.n_phases)
		return;
	if (d->form == FORM_TERMINAL)
		in_short(d, &r->suite);
	else
		in_full(d, &r->suite);
}

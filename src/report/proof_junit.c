/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/junit.h"
#include "report/proof_forms.h"
#include "report/say_proof.h"
#include "report/section.h"

static struct junit_test
figure_test(struct doc *d, const struct run *r, const struct run_comparison *c)
{
	struct junit_test t = { .name = say_compared(d, c), .type = "worse" };
	const char *change = say_change_interval(d, c);

	if (r->error) {
		t.result = JUNIT_SKIPPED;
		snprintf(t.why, sizeof(t.why), "the comparison was not finished");
	} else if (c->verdict && strcmp(c->verdict, "worse") == 0) {
		t.result = JUNIT_FAILED;
		snprintf(t.why, sizeof(t.why), "%s, from %s to %s", change, say_compared_value(d, c, c->before),
		    say_compared_value(d, c, c->after));
	} else if (say_outcome_tone(c->verdict) == TONE_WARN) {
		t.result = JUNIT_SKIPPED;
		snprintf(t.why, sizeof(t.why), "cannot say: %s; changes from %s on would have been found", change,
		    say_detectable(d, c));
	}
	return t;
}

/* The first case: could it be compared at all, and does B say what A says? */
static struct junit_test
answers_test(struct doc *d, const struct run *r, const struct run_proof *p)
{
	struct junit_test t = { .name = "B answers as A" };

	if (r->error || !p) {
		t.result = JUNIT_BROKEN;
		t.type = "not-measured";
		snprintf(t.why, sizeof(t.why), "%s", r->error ? r->error : "nothing was compared");
	} else if (p->n_answers) {
		t.result = JUNIT_FAILED;
		t.type = "other-answer";
		snprintf(t.why, sizeof(t.why), "%s; %s", say_answers(d, p), say_answer(d, &p->answers[0]));
	} else if (!p->answers_compared) {
		t.result = JUNIT_SKIPPED;
		snprintf(t.why, sizeof(t.why), "answers were not compared");
	}
	return t;
}

void
report_proof_junit(const struct run *r, struct buf *out)
{
	CLEANUP(doc_done) struct doc d = { .arena = arena_new() };
	const struct run_proof *p = section_proof_of(r);
	size_t n = p ? p->n_comparisons : 0;
	struct junit_test *tests = arena_alloc(d.arena, (n + 1) * sizeof(*tests));
	struct junit_suite s = {
		.program = "prony prove", .class = "prony.prove", .name = r->system.name,
		.timestamp = r->created, .tests = tests, .n_tests = n + 1,
		.said = p ? doc_printf(&d, "%s: %s", say_outcome(p->verdict), say_why(&d, p)) : r->error,
		.seconds = p && isfinite(p->seconds) ? p->seconds : 0,
	};

	tests[0] = answers_test(&d, r, p);
	tests[0].seconds = s.seconds;
	for (size_t i = 0; i < n; i++)
		tests[i + 1] = figure_test(&d, r, &p->comparisons[i]);
	junit_write(&s, out);
}

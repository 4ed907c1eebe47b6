/* SPDX-License-Identifier: MIT */
#include "report/load_forms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "report/junit.h"

/* ---- the tests ----------------------------------------------------------------------------- */

static void
format_value(char out[24], const char *metric, double v)
{
	if (metric && strncmp(metric, "latency_", 8) == 0)
		format_duration(out, v);
	else if (metric && strcmp(metric, "rate") == 0)
		format_rate(out, v);
	else if (metric && strcmp(metric, "cost") == 0)
		snprintf(out, 24, "%.2f", v);
	else
		format_percent(out, v);
}

static struct junit_test
generator_test(const struct run *r, const struct run_phase *p)
{
	struct junit_test t = { .name = "the generator kept up", .type = "not-measured" };

	if (r->error || !p) {
		t.result = JUNIT_BROKEN;
		snprintf(t.why, sizeof(t.why), "%s", r->error ? r->error : "nothing was measured");
	} else if (p->generator_limited) {
		t.result = JUNIT_BROKEN;
		snprintf(t.why, sizeof(t.why), "%s; these figures tell nothing about the service",
		    p->generator_why ? p->generator_why : "it could not keep up");
	}
	return t;
}

static struct junit_test
target_test(const struct run *r, size_t i, const struct run_phase *p)
{
	const struct run_target *of = &r->targets[i];
	struct junit_test t = {
		.name = r->spec.n_targets == r->n_targets ? r->spec.targets[i] : of->metric, .type = "missed",
	};
	char value[24], limit[24];

	format_value(value, of->metric, of->value);
	format_value(limit, of->metric, of->limit);
	if (!p || r->error || p->generator_limited || r->verdict == VERDICT_INCONCLUSIVE) {
		t.result = JUNIT_SKIPPED;
		snprintf(t.why, sizeof(t.why), "the measurement allows no conclusion");
	} else if (isnan(of->value)) {
		t.result = JUNIT_SKIPPED;
		snprintf(t.why, sizeof(t.why), "it was not measured");
	} else if (!of->met) {
		t.result = JUNIT_FAILED;
		snprintf(t.why, sizeof(t.why), "%s, wanted %s %s", value, of->op ? of->op : "", limit);
	}
	if (!t.name)
		t.name = "target";
	return t;
}

/* ---- the document -------------------------------------------------------------------------- */

void
report_load_junit(const struct run *r, struct buf *out)
{
	const struct run_phase *p = report_load_phase(r);
	struct junit_test *tests = calloc(r->n_targets + 1, sizeof(*tests));
	struct junit_suite s = {
		.program = "prony load", .class = "prony.load", .name = r->system.name,
		.timestamp = r->created, .said = r->headline, .tests = tests, .n_tests = r->n_targets + 1,
		.seconds = p && isfinite(p->seconds) ? p->seconds : 0,
	};

	if (!tests)
		abort();
	tests[0] = generator_test(r, p);
	tests[0].seconds = s.seconds;
	for (size_t i = 0; i < r->n_targets; i++)
		tests[i + 1] = target_test(r, i, p);
	junit_write(&s, out);
	free(tests);
}

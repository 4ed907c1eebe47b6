/* SPDX-License-Identifier: MIT */
#include "report/load_forms.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "report/escape.h"

enum result { PASSED, FAILED, BROKEN, SKIPPED };

struct test {
	const char *name;
	enum result result;
	char why[512];
};

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

static struct test
generator_test(const struct run *r, const struct run_phase *p)
{
	struct test t = { .name = "the generator kept up" };

	if (r->error || !p) {
		t.result = BROKEN;
		snprintf(t.why, sizeof(t.why), "%s", r->error ? r->error : "nothing was measured");
	} else if (p->generator_limited) {
		t.result = BROKEN;
		snprintf(t.why, sizeof(t.why), "%s; these figures tell nothing about the service",
		    p->generator_why ? p->generator_why : "it could not keep up");
	}
	return t;
}

static struct test
target_test(const struct run *r, size_t i, const struct run_phase *p)
{
	const struct run_target *of = &r->targets[i];
	struct test t = {
		.name = r->spec.n_targets == r->n_targets ? r->spec.targets[i] : of->metric,
	};
	char value[24], limit[24];

	format_value(value, of->metric, of->value);
	format_value(limit, of->metric, of->limit);
	if (!p || r->error || p->generator_limited || r->verdict == VERDICT_INCONCLUSIVE) {
		t.result = SKIPPED;
		snprintf(t.why, sizeof(t.why), "the measurement allows no conclusion");
	} else if (isnan(of->value)) {
		t.result = SKIPPED;
		snprintf(t.why, sizeof(t.why), "it was not measured");
	} else if (!of->met) {
		t.result = FAILED;
		snprintf(t.why, sizeof(t.why), "%s, wanted %s %s", value, of->op ? of->op : "", limit);
	}
	return t;
}

/* ---- the document -------------------------------------------------------------------------- */

static void
put_attribute(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(out, " %s=\"", name);
	escape_html(out, value);
	buf_putc(out, '"');
}

static void
put_test(struct buf *out, const struct test *t, double seconds)
{
	static const char *const elements[] = {
		[FAILED] = "failure", [BROKEN] = "error", [SKIPPED] = "skipped",
	};

	buf_puts(out, "    <testcase classname=\"prony.load\"");
	put_attribute(out, "name", t->name ? t->name : "target");
	buf_printf(out, " time=\"%.3f\"", seconds);
	if (t->result == PASSED) {
		buf_puts(out, "/>\n");
		return;
	}
	buf_printf(out, ">\n      <%s", elements[t->result]);
	put_attribute(out, "message", t->why);
	if (t->result != SKIPPED)
		put_attribute(out, "type", t->result == FAILED ? "missed" : "not-measured");
	buf_puts(out, "/>\n    </testcase>\n");
}

static struct test
test_of(const struct run *r, size_t i, const struct run_phase *p)
{
	return i == 0 ? generator_test(r, p) : target_test(r, i - 1, p);
}

void
report_load_junit(const struct run *r, struct buf *out)
{
	const struct run_phase *p = report_load_phase(r);
	size_t n = r->n_targets + 1, counts[SKIPPED + 1] = { 0 };
	double seconds = p && isfinite(p->seconds) ? p->seconds : 0;
	char head[128];

	for (size_t i = 0; i < n; i++)
		counts[test_of(r, i, p).result]++;
	snprintf(head, sizeof(head), " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" "
	    "time=\"%.3f\"", n, counts[FAILED], counts[BROKEN], counts[SKIPPED], seconds);
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	buf_printf(out, "<testsuites name=\"prony load\"%s>\n  <testsuite", head);
	put_attribute(out, "name", r->system.name ? r->system.name : "prony load");
	put_attribute(out, "timestamp", r->created);
	buf_printf(out, "%s>\n", head);
	for (size_t i = 0; i < n; i++) {
		struct test t = test_of(r, i, p);
		put_test(out, &t, i == 0 ? seconds : 0);
	}
	if (r->headline) {
		buf_puts(out, "    <system-out>");
		escape_html(out, r->headline);
		buf_puts(out, "</system-out>\n");
	}
	buf_puts(out, "  </testsuite>\n</testsuites>\n");
}

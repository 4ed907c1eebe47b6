/* SPDX-License-Identifier: MIT */
#include "report/junit.h"

#include <stdio.h>

#include "report/escape.h"

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
put_test(struct buf *out, const char *class, const struct junit_test *t)
{
	static const char *const elements[] = {
		[JUNIT_FAILED] = "failure", [JUNIT_BROKEN] = "error", [JUNIT_SKIPPED] = "skipped",
	};

	buf_printf(out, "    <testcase classname=\"%s\"", class);
	put_attribute(out, "name", t->name);
	buf_printf(out, " time=\"%.3f\"", t->seconds);
	if (t->result == JUNIT_PASSED) {
		buf_puts(out, "/>\n");
		return;
	}
	buf_printf(out, ">\n      <%s", elements[t->result]);
	put_attribute(out, "message", t->why);
	if (t->result != JUNIT_SKIPPED)
		put_attribute(out, "type", t->type);
	buf_puts(out, "/>\n    </testcase>\n");
}

void
junit_write(const struct junit_suite *s, struct buf *out)
{
	size_t counts[JUNIT_SKIPPED + 1] = { 0 };
	char head[128];

	for (size_t i = 0; i < s->n_tests; i++)
		counts[s->tests[i].result]++;
	snprintf(head, sizeof(head), " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" "
	    "time=\"%.3f\"", s->n_tests, counts[JUNIT_FAILED], counts[JUNIT_BROKEN], counts[JUNIT_SKIPPED],
	    s->seconds);
	buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	buf_printf(out, "<testsuites name=\"%s\"%s>\n  <testsuite", s->program, head);
	put_attribute(out, "name", s->name ? s->name : s->program);
	put_attribute(out, "timestamp", s->timestamp);
	buf_printf(out, "%s>\n", head);
	for (size_t i = 0; i < s->n_tests; i++)
		put_test(out, s->class, &s->tests[i]);
	if (s->said) {
		buf_puts(out, "    <system-out>");
		escape_html(out, s->said);
		buf_puts(out, "</system-out>\n");
	}
	buf_puts(out, "  </testsuite>\n</testsuites>\n");
}

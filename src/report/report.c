/* SPDX-License-Identifier: MIT */
#include "report/report.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "report/doc.h"
#include "report/write.h"
#include "run/run_codec.h"
#include "run/run_store.h"

void
report_terminal(const struct run *r, const struct report_terminal *t, struct buf *out)
{
	CLEANUP(doc_done) struct doc d = { 0 };
	doc_build(&d, r, FORM_TERMINAL);
	write_terminal(&d, t, out);
}

void
report_markdown(const struct run *r, struct buf *out)
{
	CLEANUP(doc_done) struct doc d = { 0 };
	doc_build(&d, r, FORM_MARKDOWN);
	write_markdown(&d, out);
}

void
report_html(const struct run *r, struct buf *out)
{
	CLEANUP(doc_done) struct doc d = { 0 };
	doc_build(&d, r, FORM_HTML);
	write_html(&d, out);
}

void
report_json(const struct run *r, struct buf *out)
{
	json_t *j = run_to_json(r);
	CLEANUP(free_p) char *text = json_dumps(j, JSON_INDENT(2));

	json_decref(j);
	if (!text)
		abort();
	buf_puts(out, text);
	buf_putc(out, '\n');
}

static int
write_form(const struct run *r, const char *name, void (*form)(const struct run *, struct buf *),
    struct err *e)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	form(r, &b);
	return run_write(r, name, buf_text(&b), b.size, e);
}

int
report_write(const struct run *r, struct err *e)
{
	int code = write_form(r, "report.html", report_html, e);
	return code < 0 ? code : write_form(r, "report.md", report_markdown, e);
}

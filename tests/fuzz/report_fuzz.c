/* SPDX-License-Identifier: MIT */
/* Any run that can be read can be shown: every form of it, within its size. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/load_forms.h"
#include "report/report.h"
#include "base/utf8.h"
#include "run/run_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int holds)
{
	if (!holds)
		abort();
}

static void
check_terminal(const struct run *r)
{
	struct buf b = { 0 };
	int lines = 0;

	report_terminal(r, &(struct report_terminal){ 80, false, true }, &b);
	for (char *line = b.data; line && *line; lines++) {
		char *end = strchr(line, '\n');
		require(end != NULL);
		*end = '\0';
		require(utf8_columns(line) < 80);
		line = end + 1;
	}
	require(lines < 24);
	buf_done(&b);
}

static void
check_markdown(const struct run *r)
{
	struct buf b = { 0 };
	int headings = 0;

	report_markdown(r, &b);
	for (const char *line = buf_text(&b); line; line = strchr(line, '\n') ? strchr(line,
	    '\n') + 1 : NULL)
		headings += strncmp(line, "### ", 4) == 0;
	require(headings == 6);
	buf_done(&b);
}

static void
check_html(const struct run *r)
{
	struct buf b = { 0 };

	report_html(r, &b);
	require(b.size <= 1 << 20 && strcmp(b.data + b.size - 8, "</html>\n") == 0);
	buf_done(&b);
}

/* Lines of valid UTF-8. */
static void
check_load_forms(const struct run *r)
{
	void (*const forms[])(const struct run *, struct buf *) = {
		report_load_csv, report_load_ndjson, report_load_prometheus, report_load_junit,
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct buf b = { 0 };
		forms[i](r, &b);
		require(b.size > 0 && b.data[b.size - 1] == '\n' && strlen(b.data) == b.size);
		for (const char *s = b.data, *at = s; *s; at = s)
			require(utf8_next(&s) != UTF8_REPLACEMENT || memcmp(at, "\xef\xbf\xbd", 3) == 0);
		buf_done(&b);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *j = json_loadb((const char *)data, size, 0, NULL);
	struct err e = { 0 };
	struct run *r;

	if (j && json_is_object(j) && run_from_json(j, &r, &e) == 0) {
		check_terminal(r);
		check_markdown(r);
		check_html(r);
		check_load_forms(r);
		run_free(r);
	}
	json_decref(j);
	return 0;
}

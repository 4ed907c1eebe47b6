/* SPDX-License-Identifier: MIT */
/* Writes the page, Markdown and terminal form of every sample run into a folder: what the page gates look at.
 * usage: make_reports FOLDER */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "report/report.h"
#include "../unit/sample_run.h"

static void
form_terminal(const struct run *r, struct buf *out)
{
	report_terminal(r, &(struct report_terminal){ 80, false, true }, out);
}

static int
write_one(const char *folder, const struct sample *s)
{
	static const struct {
		const char *ending;
		void (*write)(const struct run *r, struct buf *out);
	} forms[] = {
		{ "html", report_html }, { "md", report_markdown }, { "txt", form_terminal },
	};
	struct run *r = s->make();
	int bad = 0;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct buf b = { 0 };
		struct err e = { 0 };
		char path[4096];
		snprintf(path, sizeof(path), "%s/%s.%s", folder, s->name, forms[i].ending);
		forms[i].write(r, &b);
		if (file_write(path, buf_text(&b), b.size, &e) < 0) {
			fprintf(stderr, "make_reports: %s\n", e.text);
			bad = 1;
		}
		buf_done(&b);
	}
	run_free(r);
	return bad;
}

int
main(int argc, char **argv)
{
	int bad = argc != 2;
	struct err e = { 0 };

	if (bad || file_mkdirs(argv[1], &e) < 0)
		return 1;
	for (const struct sample *s = samples; s->name; s++)
		bad |= write_one(argv[1], s);
	return bad;
}

/* SPDX-License-Identifier: MIT */
#include "cli/proof_ci.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/progress.h"
#include "report/proof_forms.h"
#include "report/report.h"

int
proof_ci_summary(const struct run *r, struct err *e)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	const char *path = getenv("GITHUB_STEP_SUMMARY");

	if (!path || !*path)
		return 0;
	report_markdown(r, &text);
	CLEANUP(file_close_p) FILE *f = fopen(path, "ae");
	if (!f || fwrite(buf_text(&text), 1, text.size, f) != text.size || fflush(f) != 0) {
		int code = errno;
		err_set(e, code, "cannot write the step's summary to '%s': %s", path, strerror(code));
		err_hint(e, "GITHUB_STEP_SUMMARY names it: unset it, or name another with --write github=FILE");
		return -e->code;
	}
	return 0;
}

void
proof_ci_annotate(const struct run *r)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	const char *actions = getenv("GITHUB_ACTIONS");

	if (!actions || !*actions)
		return;
	progress_end();
	report_proof_annotations(r, &text);
	fputs(buf_text(&text), stderr);
}

/* SPDX-License-Identifier: MIT */
/* Draws a run again. Diagnosis and plan are pure functions of a run, so they are made anew: a
 * later prony reads an old run with what it has learnt since. */
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/command.h"
#include "compare/compare.h"
#include "diagnose/diagnose.h"
#include "model/scaling.h"
#include "plan/plan.h"
#include "run/run_store.h"

enum render_format { RENDER_TERM, RENDER_MARKDOWN, RENDER_HTML, RENDER_JSON };

static void
render(const struct invocation *in, const struct run *r, struct buf *out)
{
	switch (in->json ? RENDER_JSON : (enum render_format)in->format) {
	case RENDER_TERM:
		report_terminal(r, &in->terminal, out);
		break;
	case RENDER_MARKDOWN:
		report_markdown(r, out);
		break;
	case RENDER_HTML:
		report_html(r, out);
		break;
	case RENDER_JSON:
		report_json(r, out);
		break;
	}
}

static int
deliver(struct invocation *in, const struct buf *text, int status)
{
	struct err e = { 0 };

	if (!in->out_file)
		return cli_print(in, text, status);
	if (file_write(in->out_file, text->data, text->size, &e) < 0) {
		err_hint(&e, "name another file with --out FILE");
		return cli_fail(in, &e);
	}
	return status;
}

/* Anew, as far as the evidence for it is in the run. */
static void
conclude(struct run *r)
{
	struct run_proof *p = r->n_proofs ? &r->proofs[0] : NULL;

	if (r->fix)                     /* what is kept was decided then, and is no longer to be decided */
		return;
	if (p && p->n_blocks && p->looks) {
		compare_blocks(r, p, p->looks);
		compare_answer(r, p);
	} else if (!p) {
		scaling(r);
		diagnose(r);
		plan(r);
	}
}

static int
run(struct invocation *in)
{
	CLEANUP(run_free_p) struct run *r = NULL;
	CLEANUP(buf_done) struct buf text = { 0 };
	struct err e = { 0 };

	if (run_load(in->n_words ? in->words[0] : NULL, &r, &e) < 0)
		return cli_fail(in, &e);
	conclude(r);
	if (!r->sealed)
		cli_note(in, "prony: this run was interrupted: what follows is a part of one\n"
		             "  next: measure again with 'prony check'");
	render(in, r, &text);
	return deliver(in, &text, r->sealed ? STATUS_OK : STATUS_INCONCLUSIVE);
}

static const char *const examples[] = {
	"prony report", "the verdict of the newest run",
	"prony report .prony/runs/latest --format html --out report.html", "a page to pass on",
	NULL,
};

const struct command command_report = {
	.name = "report",
	.arguments = "[RUN]",
	.about = "draw a run again: as text, Markdown, HTML or JSON",
	.details = "RUN is a folder that 'prony check' wrote, or the run.json in it; the newest one when "
	           "not given. The diagnosis and the plan are made anew from the recorded evidence. An "
	           "interrupted run is drawn as far as it goes, with exit status 3.",
	.examples = examples,
	.settings = SETTINGS_RENDER,
	.max_words = 1,
	.run = run,
};

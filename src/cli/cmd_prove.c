/* SPDX-License-Identifier: MIT */
/* prony prove: is B better than A? */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "cli/command.h"
#include "cli/history_table.h"
#include "cli/output.h"
#include "cli/proof_ci.h"
#include "compare/compare.h"
#include "experiment/arm.h"
#include "experiment/trial.h"
#include "history/history.h"
#include "run/run_store.h"

/* ---- what is to be compared ---------------------------------------------------------------- */

static int
check_words(const struct invocation *in, struct err *e)
{
	size_t wanted = in->spec->aa ? 1 : 2;
	int code;

	if (in->n_words == wanted)
		return 0;
	if (in->spec->aa) {
		code = err_usage(e, "prony prove --aa: one service is compared with itself, %zu are named",
		    in->n_words);
		err_hint(e, "as in: prony prove --aa http://127.0.0.1:8080/");
		return code;
	}
	code = err_usage(e, "prony prove: %s", in->n_words ? "which is B?" : "which two?");
	err_hint(e, "name two URLs, two commands, two checkouts or two runs, as in: prony prove "
	            "http://127.0.0.1:8080/ http://127.0.0.1:8081/");
	return code;
}

/* Words that other commands heed, and that mean nothing here. */
static int
check_flags(const struct invocation *in, struct err *e)
{
	static const char *const strange[][2] = {
		{ "for", "say how long a block is with --block, and how many pairs with --pairs" },
		{ "closed", "prove offers both: a rate, and as much as answers come" },
		{ "target", "prony check holds a service to targets; prove compares two" },
	};

	for (size_t i = 0; i < COUNT_OF(strange); i++) {
		if (spec_origin(in->spec, strange[i][0]) != ORIGIN_FLAG)
			continue;
		int code = err_usage(e, "prony prove does not know --%s", strange[i][0]);
		err_hint(e, "%s", strange[i][1]);
		return code;
	}
	return 0;
}

/* Finished runs and services that run do not go together. */
static int
kinds(const struct invocation *in, bool *ret_finished, struct err *e)
{
	enum arm_kind a, b;

	int code = arm_kind_of(in->words[0], in->spec, &a, e);
	if (code == 0)
		code = arm_kind_of(in->words[in->n_words - 1], in->spec, &b, e);
	if (code < 0)
		return code;
	*ret_finished = a == ARM_RUN;
	if (a == ARM_RUN && in->spec->aa) {
		code = err_usage(e, "prony prove --aa measures, and '%s' is a finished run", in->words[0]);
		err_hint(e, "name a service, as in: prony prove --aa http://127.0.0.1:8080/");
		return code;
	}
	if ((a == ARM_RUN) == (b == ARM_RUN))
		return 0;
	code = err_usage(e, "a finished run cannot be compared with something to be measured now: the "
	                    "machine may have been another");
	err_hint(e, "name two runs, or two services that prony measures in turn");
	return code;
}

/* ---- two finished runs --------------------------------------------------------------------- */

/* How much p99 differs from run to run of this service, where there are enough runs to tell. */
static double
known_between(const struct run *r)
{
	struct history *h = NULL;
	struct err ignored = { 0 };
	double between = NAN;

	if (history_open(NULL, &h, &ignored) == 0)
		between = history_between(h, r, "latency_p99");
	history_close(h);
	return between;
}

static void
name_service(const struct run *from, struct run *r)
{
	r->tool = run_str(r, from->tool);
	r->system.name = run_str(r, from->system.name);
	for (size_t i = 0; i < from->spec.n_urls; i++) {
		RUN_ADD_STR(r, r->spec.urls, r->spec.n_urls, from->spec.urls[i]);
		RUN_ADD_STR(r, r->system.targets, r->system.n_targets, from->spec.urls[i]);
	}
}

static int
compare_finished(struct invocation *in, struct run *r, struct err *e)
{
	CLEANUP(run_free_p) struct run *a = NULL, *b = NULL;

	int code = run_load(in->words[0], &a, e);
	if (code == 0)
		code = run_load(in->words[1], &b, e);
	if (code == 0)
		code = compare_allowed(a, b, e);
	if (code == 0)
		code = run_create(r, in->spec->out, e);
	if (code < 0)
		return code;
	struct run_proof *p = RUN_ADD(r, proof, r->proofs, r->n_proofs);
	name_service(a, r);
	compare_runs(a, b, known_between(a), r, p);
	compare_profiles(a, b, r, p);
	compare_answer(r, p);
	return 0;
}

/* ---- the job ------------------------------------------------------------------------------- */

static int
compare_live(struct invocation *in, struct run *r, struct err *e)
{
	const struct spec *s = in->spec;
	const struct trial_plan plan = {
		.a = in->words[0], .b = in->words[in->n_words - 1], .aa = s->aa,
		.pairs_at_most = s->pairs, .block_ns = s->block_ns, .restart_every = s->restart,
		.saturation = !s->no_saturation, .record = cli_record_question,
	};
	int64_t begin_ns = now_ns();
	int code = run_create(r, s->out, e);

	if (code == 0)
		code = trial_run(&plan, s, &in->progress, r, e);
	cli_own_cost(r, begin_ns);
	return code;
}

/* A run that could not be finished stays on disk, unsealed, with the reason in it; CI is told, too: a test
 * that is an error, an annotation. */
static int
give_up(struct invocation *in, struct run *r, struct err *e)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct err ignored = { 0 };

	if (!r->folder)
		return cli_fail(in, e);
	r->verdict = VERDICT_ERROR;
	r->error = r->headline = run_str(r, e->text);
	run_save(r, &ignored);
	report_terminal(r, &in->terminal, &text);
	output_files(in, r, &text, &ignored);
	proof_ci_annotate(r);
	return cli_fail(in, e);
}

static int
answer(struct invocation *in, struct run *r, struct err *e)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	int code = run_seal(r, e);

	report_terminal(r, &in->terminal, &text);
	if (code == 0)
		code = report_write(r, e);
	if (code == 0)
		code = output_files(in, r, &text, e);
	if (code == 0)
		code = proof_ci_summary(r, e);
	if (code < 0)
		return cli_fail(in, e);
	proof_ci_annotate(r);
	return output_print(in, r, &text, cli_run_end(in, r));
}

static int
run(struct invocation *in)
{
	CLEANUP(run_free_p) struct run *r = run_new();
	struct err e = { 0 };
	bool finished = false;

	if (in->spec->history)
		return history_answer(in);
	int code = check_flags(in, &e);
	if (code == 0)
		code = check_words(in, &e);
	if (code == 0)
		code = kinds(in, &finished, &e);
	if (code == 0)
		code = output_allow_proof(in, &e);
	if (code == 0)
		code = finished ? compare_finished(in, r, &e) : compare_live(in, r, &e);
	return code < 0 ? give_up(in, r, &e) : answer(in, r, &e);
}

static const char *const examples[] = {
	"prony prove http://127.0.0.1:8080/ http://127.0.0.1:8081/", "two services that run",
	"prony prove 'node old.js {port}' 'node new.js {port}'",
	"two commands: prony starts, restarts and stops them",
	"prony prove --build make --start './server {port}' main HEAD",
	"two git revisions of the repository here",
	"prony prove .prony/runs/monday .prony/runs/tuesday", "two finished runs",
	"prony prove --aa http://127.0.0.1:8080/", "how small a change can be seen on this machine?",
	"prony prove --history http://127.0.0.1:8080/", "where did a figure change for good?",
	NULL,
};

const struct command command_prove = {
	.name = "prove",
	.arguments = "A B",
	.about = "is B better than A? An answer that can be trusted",
	.details =
	    "A and B are loaded in turn, A B, B A, A B and so on, with the very same requests at the same "
	    "times, at half of what the slower one holds. The unit of comparison is the block, the effect "
	    "a ratio with its 95 % interval. After 10, 20 and 40 pairs prony looks whether it is "
	    "decided; when nothing differs it claims a difference once in a hundred times at most. "
	    "Answers are compared too: a faster wrong answer is worse.\n\n"
	    "Two finished runs are compared only where workload, machine and method agree, and with wider "
	    "intervals: what the machine did between them is not known.\n\n"
	    "Exit status 0: B is not worse; 1: B is worse; 3: cannot say; 4: it could not be measured, or the "
	    "runs cannot be compared.",
	.examples = examples,
	.settings = SETTINGS_LOAD | SETTINGS_CLOSED | SETTINGS_RUN | SETTINGS_PROVE | SETTINGS_OUTPUT,
	.words = WORDS_ARMS,
	.max_words = 2,
	.run = run,
};

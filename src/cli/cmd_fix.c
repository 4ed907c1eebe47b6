/* SPDX-License-Identifier: MIT */
/* prony fix: apply what the plan says, prove it, keep it only then. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/fix_steps.h"
#include "cli/workload.h"
#include "experiment/fix.h"
#include "experiment/hide.h"
#include "run/run_store.h"

struct job {
	struct invocation *in;
	struct run *source;            /* whose plan it is; NULL: the user's own change */
	struct run *run;
	struct journal *journal;
	struct change_text *changes; size_t n_changes;
	const char *folder;            /* that prony was called in */
};

static void
release(struct job *j)
{
	journal_close(j->journal);
	run_free(j->run);
	run_free(j->source);
}

/* ---- what was asked ------------------------------------------------------------------------ */

static int
check_pair(const struct invocation *in, struct err *e)
{
	int code = 0;

	if (!in->apply != !in->undo) {
		code = err_usage(e, "--%s without --%s", in->apply ? "apply" : "undo", in->apply ? "undo" : "apply");
		err_hint(e, in->apply ? "say how it is taken back: what has no undo is not tried"
		    : "'prony undo' is the command that takes back what is in place");
	} else if (in->apply && (in->n_words || in->of_run)) {
		code = err_usage(e, "--apply is a change of your own, and %s is of a plan",
		    in->of_run ? "--run" : "a step");
		err_hint(e, "apply one after the other");
	}
	return code;
}

/* Words that prove heeds otherwise. */
static int
check_flags(const struct invocation *in, struct err *e)
{
	static const char *const strange[] = { "for", "target", "closed" };

	for (size_t i = 0; i < COUNT_OF(strange); i++)
		if (spec_origin(in->spec, strange[i]) == ORIGIN_FLAG) {
			int code = err_usage(e, "prony fix does not know --%s", strange[i]);
			err_hint(e, "say how long a block is with --block, and how many pairs with --pairs");
			return code;
		}
	return 0;
}

/* ---- the load ------------------------------------------------------------------------------ */

/* The record keeps no values of queries and no headers: what it cannot repeat has to be said again. */
static int
refuse_other_load(struct err *e)
{
	int code = err_usage(e, "the load of that run cannot be repeated from its record alone, which keeps no "
	    "values of queries and no headers");
	err_hint(e, "name the same URLs and options again, as in: prony fix P1 'http://127.0.0.1:8080/orders?id=7'");
	return code;
}

static int
urls_of_source(struct job *j, struct err *e)
{
	struct spec *s = j->in->spec;
	const struct run_spec *asked = &j->source->spec;
	int code = 0;

	for (size_t i = 0; i < asked->n_urls && code == 0; i++)
		code = strstr(asked->urls[i], "=*") ? refuse_other_load(e) : spec_word(s, asked->urls[i], e);
	return code;
}

/* The same as in the run whose plan it is, unless the user names other URLs. */
static int
find_load(struct job *j, struct err *e)
{
	struct spec *s = j->in->spec;
	bool named = s->n_urls > 0;
	int code = 0;

	if (!named && j->source)
		code = urls_of_source(j, e);
	if (code == 0)
		code = spec_check(s, e);
	if (code == 0 && !s->n_urls) {
		code = err_usage(e, "prony fix makes load, and no URL is named");
		err_hint(e, "name the service's, as in: prony fix P1 http://127.0.0.1:8080/");
	}
	if (code < 0)
		return code;
	const char *of_run = j->source ? j->source->spec.workload : NULL;
	bool other = of_run && strcmp(of_run, workload_hash(s, s->arena)) != 0;
	if (other && !named)
		return refuse_other_load(e);
	if (other)
		cli_note(j->in, "prony: the load is another than that of the run whose plan this is");
	return 0;
}

/* ---- the changes --------------------------------------------------------------------------- */

static void
add_own(struct job *j)
{
	struct arena *a = j->in->spec->arena;

	*ARENA_PUSH(a, j->changes, j->n_changes) = (struct change_text){
		.step = "U1", .what = hide_in_command(a, j->in->apply), .executor = "command",
		.folder = j->folder, .apply = j->in->apply, .undo = j->in->undo,
	};
}

static int
read_question(struct job *j, struct err *e)
{
	char *here = getcwd(NULL, 0);
	int code = check_pair(j->in, e);

	j->folder = arena_strdup(j->in->spec->arena, here);
	free(here);
	if (code == 0)
		code = check_flags(j->in, e);
	if (code < 0)
		return code;
	if (j->in->apply) {
		add_own(j);
		return find_load(j, e);
	}
	code = run_load(j->in->of_run, &j->source, e);
	return code < 0 ? code : fix_steps_choose(j->source, j->in->words, j->in->n_words, j->folder,
	    j->in->spec->arena, &j->changes, &j->n_changes, e);
}

/* ---- the journal --------------------------------------------------------------------------- */

static void
tell_recovered(void *ctx, const struct journal_entry *undone)
{
	cli_note(ctx, "prony: an earlier fix was ended in its midst: %s of %s is taken back", undone->text.step,
	    undone->at);
}

static void
drop_kept(struct job *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->n_changes; i++) {
		if (change_is_kept(j->journal, &j->changes[i]))
			cli_note(j->in, "prony: %s is in place already, and proven", j->changes[i].step);
		else
			j->changes[n++] = j->changes[i];
	}
	j->n_changes = n;
}

static int
open_journal(struct job *j, struct err *e)
{
	int code = journal_open(true, &j->journal, e);

	if (code == 0)
		code = change_undo_all(j->journal, false, &j->in->progress, tell_recovered, j->in, e);
	if (code == 0)
		drop_kept(j);
	return code;
}

/* ---- the job ------------------------------------------------------------------------------- */

/* The plan goes with the run, so that `prony fix` can go on from there. Borrowed from the source. */
static void
copy_plan(struct job *j)
{
	const struct run *from = j->source;
	struct run *r = j->run;

	for (size_t i = 0; from && i < from->n_plan; i++)
		*RUN_ADD(r, step, r->plan, r->n_plan) = from->plan[i];
	for (size_t i = 0; from && i < from->n_findings; i++)
		*RUN_ADD(r, finding, r->findings, r->n_findings) = from->findings[i];
	if (from)
		return;
	struct run_step *s = RUN_ADD(r, step, r->plan, r->n_plan);
	s->id = "U1";
	s->action = "user.command";
	s->what = s->apply = j->changes[0].what;
	s->undo = hide_in_command(r->arena, j->changes[0].undo);
}

static int
measure(struct job *j, struct err *e)
{
	const struct spec *s = j->in->spec;
	int64_t begin_ns = now_ns();
	const struct fix_plan plan = {
		.journal = j->journal, .changes = j->changes, .n_changes = j->n_changes,
		.trial = {
			.pairs_at_most = s->pairs, .pairs_given = spec_origin(s, "pairs") != ORIGIN_PRESET,
			.block_ns = s->block_ns, .saturation = !s->no_saturation, .record = cli_record_question,
		},
	};

	j->run = run_new();
	copy_plan(j);
	cli_record_question(s, j->run);        /* its name is that of the folder */
	int code = run_create(j->run, s->out, e);
	if (code == 0)
		code = fix_run(&plan, s, &j->in->progress, j->run, e);
	cli_own_cost(j->run, begin_ns);
	return code;
}

/* A run that could not be finished stays on disk, unsealed, with the reason in it. */
static int
give_up(struct job *j, struct err *e)
{
	struct err ignored = { 0 };

	if (j->run && j->run->folder) {
		j->run->verdict = VERDICT_ERROR;
		j->run->error = j->run->headline = run_str(j->run, e->text);
		run_save(j->run, &ignored);
	}
	return cli_fail(j->in, e);
}

static int
answer(struct job *j, struct err *e)
{
	struct run *r = j->run;
	int status = !fix_all_kept(r) ? STATUS_TAKEN_BACK
	    : r->n_proofs < j->n_changes ? STATUS_INCONCLUSIVE : STATUS_OK;
	int code = run_seal(r, e);

	if (r->safety_stop.what)
		status = cli_run_end(j->in, r);
	if (code == 0)
		code = report_write(r, e);
	return code < 0 ? cli_fail(j->in, e) : cli_print_run(j->in, r, status);
}

/* Plainly: why there is nothing. */
static int
nothing_to_do(struct job *j, bool was_some)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	const struct run *r = j->source;

	if (j->in->json)
		buf_puts(&text, "{\"proofs\": []}\n");
	else if (was_some)
		buf_puts(&text, "Nothing to do: every step that prony can apply is in place. prony undo takes it "
		    "back.\n");
	else if (!r->n_plan)
		buf_printf(&text, "Nothing to do: the plan of run %s has no step. --run names the run of "
		    "another.\n", r->id);
	else
		buf_printf(&text, "Nothing to do: none of the %zu steps in the plan of run %s is for prony to apply; "
		    "the first is: %s\n", r->n_plan, r->id, r->plan[0].what ? r->plan[0].what : "?");
	return cli_print_plain(j->in, &text, STATUS_OK);
}

static int
run(struct invocation *in)
{
	CLEANUP(release) struct job j = { .in = in };
	struct err e = { 0 };

	int code = read_question(&j, &e);
	bool was_some = j.n_changes > 0;
	if (code == 0)
		code = open_journal(&j, &e);
	if (code == 0 && !j.n_changes)
		return nothing_to_do(&j, was_some);
	if (code == 0 && !in->apply)
		code = find_load(&j, &e);
	if (code == 0)
		code = measure(&j, &e);
	return code < 0 ? give_up(&j, &e) : answer(&j, &e);
}

static const char *const examples[] = {
	"prony fix", "apply and prove every step of the last check that prony can apply",
	"prony fix P1 'http://127.0.0.1:8080/orders?id=7'", "one step, with a load that the record does not keep",
	"prony fix http://127.0.0.1:8080/ --apply './cache on' --undo './cache off'",
	"prove a change of your own: a flag, a reload, a sysctl, a restart",
	NULL,
};

const struct command command_fix = {
	.name = "fix",
	.arguments = "[STEP...] [URL...]",
	.about = "apply steps of the plan, prove each, keep it or take it back",
	.details =
	    "Each step is applied to the service that runs, taken back, applied again and so on, between blocks "
	    "of the same load, until it is decided (see prony-prove(1)). It is kept only when something is "
	    "better, nothing worse, and the answers are the same; else it is taken back. STEP is one of the plan's, "
	    "P1; without one all that prony can apply are tried in their order: today an index in an SQLite file.\n\n"
	    "With --apply and --undo the change is your own: any pair of commands, run by sh in the folder that "
	    "prony is called in. A service that they start is left running. The undo has to be right also when "
	    "the apply was cut short, as 'rm -f FILE' is.\n\n"
	    "What is changed is written to .prony/journal.ndjson before it is done. An interruption takes the step "
	    "back at once; after a crash 'prony undo' or the next 'prony fix' does. One prony fix at a time works "
	    "in a folder.\n\n"
	    "An index that is dropped leaves the database's schema as it was before, not every byte of its file: "
	    "pages that it used stay in the file as free ones.\n\n"
	    "--stop-if wants three seconds in a row, and each block counts anew: here it needs blocks of more than "
	    "three seconds (--block 5s).\n\n"
	    "Exit status 0: every step is kept, or there was nothing to do; 6: a step was not proven and is taken "
	    "back; 3: interrupted before every step was tried, and those that were tried are kept; 4: it could not "
	    "be measured or not be taken back, or the service does not answer afterwards (the message says so); 5: "
	    "stopped for safety, taken back.",
	.examples = examples,
	.settings = SETTINGS_LOAD | SETTINGS_CLOSED | SETTINGS_RUN | SETTINGS_FIX,
	.words = WORDS_STEPS,
	.max_words = 1000,
	.run = run,
};

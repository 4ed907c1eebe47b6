/* SPDX-License-Identifier: MIT */
/* prony undo: take back everything that prony fix has left in place. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cli/command.h"
#include "experiment/change.h"

struct undone {
	struct buf text;
	json_t *list;
};

static void
release(struct undone *u)
{
	buf_done(&u->text);
	json_decref(u->list);
}

static void
tell(void *ctx, const struct journal_entry *entry)
{
	const struct change_text *t = &entry->text;
	struct undone *u = ctx;

	buf_printf(&u->text, "Taken back: %s of %s: %s%s%s\n", t->step, entry->at, t->what ? t->what : t->executor,
	    t->on ? ", in " : "", t->on ? t->on : "");
	json_array_append_new(u->list, json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "change", entry->id, "step",
	    t->step, "at", entry->at, "what", t->what, "on", t->on));
}

static int
print(struct invocation *in, struct undone *u, int status)
{
	CLEANUP(buf_done) struct buf json = { 0 };

	if (in->json) {
		CLEANUP(free_p) char *list = json_dumps(u->list, JSON_INDENT(2));
		buf_printf(&json, "{\"undone\": %s}\n", list ? list : "[]");
	} else if (!u->text.size && status == STATUS_OK) {
		buf_puts(&u->text, "Nothing to take back: no change of prony fix is in place in this folder.\n");
	}
	return in->json ? cli_print(in, &json, status) : cli_print_plain(in, &u->text, status);
}

static int
run(struct invocation *in)
{
	CLEANUP(release) struct undone u = { .list = json_array() };
	CLEANUP(journal_close_p) struct journal *j = NULL;
	struct err e = { 0 };

	int code = journal_open(false, &j, &e);
	if (code == -ENOENT)
		return print(in, &u, STATUS_OK);
	if (code == 0)
		code = change_undo_all(j, true, &in->progress, tell, &u, &e);
	if (code == 0)
		return print(in, &u, STATUS_OK);
	if (!in->json && u.text.size)          /* what was done before it failed */
		print(in, &u, STATUS_OK);
	return cli_fail(in, &e);
}

static const char *const examples[] = {
	"prony undo", "the service is as it was before the first prony fix of this folder",
	NULL,
};

const struct command command_undo = {
	.name = "undo",
	.about = "take back everything that prony fix has applied",
	.details =
	    "Newest first, by what .prony/journal.ndjson of this folder says: what was kept, and what a prony fix, "
	    "or a prony check --press, that was killed has left behind. It ends at the first that cannot be "
	    "taken back; that and those before it stay in the journal, so that it can be called again.\n\n"
	    "The files that a pair of commands changed are as those commands leave them. Of an SQLite "
	    "database the schema is as it was; an index that somebody has made anew under the same name is "
	    "not touched.\n\n"
	    "Exit status 0: nothing of prony fix is in place any more; 4: something could not be taken back.",
	.examples = examples,
	.words = WORDS_PLAIN,
	.run = run,
};

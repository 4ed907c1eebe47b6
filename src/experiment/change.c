/* SPDX-License-Identifier: MIT */
#include "experiment/change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"

struct change {
	struct journal *journal;
	struct journal_entry *entry;
	const struct executor *executor;
	const struct progress *progress;
	bool in_place, failed;
	int64_t apply_ns, undo_ns;
};

/* ---- open and close ------------------------------------------------------------------------ */

static int
find_executor(const struct change_text *text, const struct executor **ret, struct err *e)
{
	*ret = executor_named(text->executor);
	if (*ret)
		return 0;
	int code = err_set(e, ENOTSUP, "%s needs '%s', which this prony does not know", text->step,
	    text->executor);
	err_hint(e, "a later prony made it: use that one");
	return code;
}

int
change_open(struct journal *j, const char *id, const struct change_text *text,
    const struct progress *progress, struct change **ret, struct err *e)
{
	const struct executor *executor;

	int code = find_executor(text, &executor, e);
	if (code == 0)
		code = executor->check(text, e);
	if (code < 0)
		return err_wrap(e, code, "%s cannot be applied", text->step);
	struct change *c = calloc(1, sizeof(*c));
	if (!c)
		abort();
	*c = (struct change){
		.journal = j, .executor = executor, .progress = progress, .entry = journal_add(j, id, text),
	};
	*ret = c;
	return 0;
}

void
change_close(struct change *c)
{
	free(c);
}

/* ---- there and back ------------------------------------------------------------------------ */

static void
say(const struct progress *progress, const char *phase, const struct change_text *text)
{
	char line[128];

	snprintf(line, sizeof(line), "%s: %.100s", text->step, text->what ? text->what : "");
	for (char *c = line; *c; c++)           /* a plan and a journal are files of anybody */
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	progress_say(progress, phase, -1, line);
}

static int
note_undone(struct journal *j, struct journal_entry *entry, struct err *e)
{
	int code = journal_note(j, entry, JOURNAL_UNDONE, e);
	if (code == 0)
		return 0;
	err_wrap(e, code, "%s is taken back, but that could not be written down", entry->text.step);
	e->hint[0] = '\0';
	err_hint(e, "put right what stands in its way, then: prony undo, which takes it back once more");
	return code;
}

static int
take_back(struct journal *j, struct journal_entry *entry, const struct executor *executor,
    const struct progress *progress, struct err *e)
{
	say(progress, "undo", &entry->text);
	int code = executor->undo(&entry->text, e);
	if (code == 0)
		return note_undone(j, entry, e);
	err_wrap(e, code, "%s could NOT be taken back and is still in place", entry->text.step);
	e->status = STATUS_NOT_MEASURED;
	e->hint[0] = '\0';
	err_hint(e, "put right what stands in its way, then: prony undo. If what it was made on is gone for good, "
	    "remove .prony/journal.ndjson");
	return code;
}

static int
apply(struct change *c, struct err *e)
{
	if (stop_requested())
		return err_set(e, EINTR, "interrupted");
	say(c->progress, "apply", &c->entry->text);
	int code = journal_note(c->journal, c->entry, JOURNAL_APPLY, e);
	c->in_place = c->entry->at && c->entry->event == JOURNAL_APPLY;
	if (code < 0)
		return code;
	code = c->executor->apply(&c->entry->text, e);
	return code < 0 ? err_wrap(e, code, "%s could not be applied", c->entry->text.step) : 0;
}

static void
keep_longest(int64_t *longest_ns, int64_t begin_ns)
{
	int64_t took_ns = now_ns() - begin_ns;
	*longest_ns = took_ns > *longest_ns ? took_ns : *longest_ns;
}

int
change_want(struct change *c, bool in_place, bool *ret_switched, struct err *e)
{
	int64_t begin_ns = now_ns();

	*ret_switched = c->in_place != in_place;
	if (!*ret_switched)
		return 0;
	int code = in_place ? apply(c, e) : take_back(c->journal, c->entry, c->executor, c->progress, e);
	c->failed = c->failed || code < 0;
	if (code < 0)
		return code;
	c->in_place = in_place;
	keep_longest(in_place ? &c->apply_ns : &c->undo_ns, begin_ns);
	return 0;
}

int
change_keep(struct change *c, struct err *e)
{
	return journal_note(c->journal, c->entry, JOURNAL_KEPT, e);
}

bool
change_is_in_place(const struct change *c)
{
	return c->in_place;
}

bool
change_has_failed(const struct change *c)
{
	return c->failed;
}

int64_t
change_cost_ns(const struct change *c)
{
	return c->apply_ns + c->undo_ns;
}

/* ---- those of the journal ------------------------------------------------------------------ */

static bool
is_left(const struct journal_entry *entry, bool also_kept)
{
	return entry->at && (entry->event == JOURNAL_APPLY || (also_kept && entry->event == JOURNAL_KEPT));
}

int
change_undo_all(struct journal *j, bool also_kept, const struct progress *progress,
    void (*tell)(void *ctx, const struct journal_entry *undone), void *ctx, struct err *e)
{
	const struct journal_entries *all = journal_entries(j);

	for (size_t i = all->n; i-- > 0;) {
		const struct executor *executor;
		if (!is_left(all->items[i], also_kept))
			continue;
		int code = find_executor(&all->items[i]->text, &executor, e);
		if (code == 0)
			code = take_back(j, all->items[i], executor, progress, e);
		if (code < 0)
			return code;
		tell(ctx, all->items[i]);
	}
	return 0;
}

static bool
is_same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

bool
change_is_kept(const struct journal *j, const struct change_text *text)
{
	const struct journal_entries *all = journal_entries(j);

	for (size_t i = 0; i < all->n; i++) {
		const struct change_text *t = &all->items[i]->text;
		if (all->items[i]->event == JOURNAL_KEPT && is_same(t->executor, text->executor) &&
		    is_same(t->on, text->on) && is_same(t->apply, text->apply))
			return true;
	}
	return false;
}

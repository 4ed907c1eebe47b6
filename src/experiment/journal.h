/* SPDX-License-Identifier: MIT */
/* The journal of changes: what prony does to a service, why, and how it is taken back.
 *
 * ".prony/journal.ndjson" of the folder that prony is called in, and only its owner may read it:
 * commands may hold passwords. Each event is synced to disk, file and folder, before what it
 * announces is done; so after a crash at any moment it names everything that has to be taken back.
 * Whoever has it open is the only one: two experiments at a time would measure each other. Control
 * thread only. */
#pragma once

#include "experiment/journal_text.h"

#define JOURNAL_FOLDER ".prony"

struct journal;

/* Open and lock it; `make`: also when it is not there yet, else -ENOENT. -EBUSY: another prony has
 * it; -EPERM: others could have written it. A last line that was torn by a crash is cut off. */
int journal_open(bool make, struct journal **ret, struct err *e);
void journal_close(struct journal *j);      /* accepts NULL */

static inline void
journal_close_p(struct journal **j)
{
	journal_close(*j);
}

/* Those that are or may be in place, and those that were. Valid until it is closed. */
const struct journal_entries *journal_entries(const struct journal *j);

/* Write what follows also to "journal.ndjson" in this folder, without what marks itself as secret. That
 * something is undone is never held up by that copy. */
int journal_copy_to(struct journal *j, const char *folder, struct err *e);

/* A change that is to be made; `id` names it. Nothing is written yet. */
struct journal_entry *journal_add(struct journal *j, const char *id, const struct change_text *text);

/* Write down that this is about to be done, or for JOURNAL_UNDONE that it is. */
int journal_note(struct journal *j, struct journal_entry *entry, enum journal_event event,
    struct err *e);

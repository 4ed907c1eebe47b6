/* SPDX-License-Identifier: MIT */
/* What a journal of changes says: lines of JSON, one an event. Pure; private to experiment/.
 *
 *   {"change":"RUN/1-P1","event":"apply","at":"...","step":"P1","executor":"sqlite","apply":...,"undo":...,
 *    "folder":...,"what":...,"why":...,"on":...}
 *   {"change":"RUN/1-P1","event":"undone","at":"..."}
 *
 * The first line of a change holds all of it; those that follow tell how it goes on. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "experiment/executor.h"

#define JOURNAL_TEXT_MAX ((size_t)16 << 20)

/* The last event of a change. */
enum journal_event {
	JOURNAL_APPLY,            /* written before it is done: all of it, a part or nothing may be there */
	JOURNAL_KEPT,             /* proven, and there to stay */
	JOURNAL_UNDONE,           /* written afterwards */
};

struct journal_entry {
	const char *id;           /* "RUN/1-P1": no two changes have the same */
	const char *at;           /* when it was begun, UTC; NULL: not yet */
	struct change_text text;
	enum journal_event event;
};

struct journal_entries {
	struct journal_entry **items;   /* in the order in which they were begun */
	size_t n;
};

/* All of it lives in `a`. A last line without its end was never synced: what it tells was not done,
 * and *ret_whole, the size of the lines before it, says where it begins. -EBADMSG with the line's
 * number for any other line that is not as above. */
int journal_text_read(const char *text, size_t size, struct arena *a, struct journal_entries *ret,
    size_t *ret_whole, struct err *e);

/* Append one line, the whole change when it is not begun yet. -EILSEQ when a text of it is no
 * UTF-8. */
int journal_text_write(const struct journal_entry *entry, enum journal_event event, const char *at,
    struct buf *out, struct err *e);

/* SPDX-License-Identifier: MIT */
/* What a command prints: kept in a file, its end shown where the command fails. Control thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct printed {
	int fd;                  /* to append to; -1: not open */
	const char *path;        /* of the file, in the arena; NULL: it has no name and ends with us */
	int64_t from;            /* where what was printed last begins */
};

/* The file `name` in `folder`, emptied; without a name when `folder` is NULL. */
int printed_open(const char *folder, const char *name, struct arena *a, struct printed *ret,
    struct err *e);
void printed_close(struct printed *p);

/* What comes next is what counts. */
void printed_begin(struct printed *p);

/* A file that has become too large is emptied: a service may print a line per request. Nothing is
 * lost but lines of long ago. */
void printed_bound(struct printed *p);

/* Is one of these words, NULL-terminated, in the last of it? Case does not count. */
bool printed_says(const struct printed *p, const char *const *words);

/* Append the last lines, each "\n  | line", or nothing when nothing was printed; where none of them
 * tells of an error, the last one above that does stands first. Cut to what fits a struct err; fit for
 * a terminal; what a name or a URL marks as secret is left out. */
void printed_show(const struct printed *p, struct buf *out);

/* The same of a text that is terminated at `size`: for tests and fuzzing. */
void printed_show_text(const char *text, size_t size, struct buf *out);

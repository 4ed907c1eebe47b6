/* SPDX-License-Identifier: MIT */
/* Who applies a change and takes it back. Each is one file, executor_NAME.c, that defines
 * `const struct executor executor_NAME`, and one line in executors.def. Control thread only. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* A change as text, as the journal keeps it: what is needed to take it back when nothing else is
 * left. */
struct change_text {
	const char *step;         /* "P1" of a plan, "U1" of the user */
	const char *what, *why;   /* for people; NULL none */
	const char *executor;     /* its name */
	const char *on;           /* what it is applied to: a database's file; NULL: the command knows */
	const char *folder;       /* that prony was called in */
	const char *apply, *undo; /* exact */
};

struct executor {
	const char *name;
	bool of_plan;             /* may do what a plan says: a run.json may come from anywhere */
	/* Can it be applied, and is nothing of it there yet? Changes nothing. */
	int (*check)(const struct change_text *c, struct err *e);
	/* Ends early, with an error, when stop_requested(). What failed may be done in part. */
	int (*apply)(const struct change_text *c, struct err *e);
	/* Never ended by a stop. Also of what was applied in part or, after a crash, not at all. */
	int (*undo)(const struct change_text *c, struct err *e);
};

/* NULL: there is none of that name. */
const struct executor *executor_named(const char *name);

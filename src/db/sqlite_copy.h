/* SPDX-License-Identifier: MIT */
/* The schema of a database in memory, without its rows: the planner decides from the schema and
 * sqlite_stat1 alone, so what it says of the copy it would say of the original. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

struct sqlite_copy {
	sqlite3 *db;
	const char **lost;         /* tables with a part that could not be copied */
	size_t n_lost;
};

int sqlite_copy_make(sqlite3 *original, struct arena *a, struct sqlite_copy *ret, struct err *e);
void sqlite_copy_done(struct sqlite_copy *c);

/* Whole, so that what the planner does with it means something. */
bool sqlite_copy_has(const struct sqlite_copy *c, const char *table);

/* SPDX-License-Identifier: MIT */
/* The index that the planner itself would use. */
#pragma once

#include "db/sqlite_copy.h"
#include "db/sqlite_plan.h"

enum { INDEX_COLUMNS_MAX = 2 };

struct sqlite_index {
	const char *columns[INDEX_COLUMNS_MAX];
	size_t n_columns;
	const char *line;          /* of the plan that uses it */
};

/* Try indexes on `table` of the copy, each for a moment, and keep the best that `sql` is searched
 * by. `original` tells how well columns select. false: none helps. */
bool sqlite_index_find(struct sqlite_copy *c, sqlite3 *original, const char *sql, const char *table,
    const struct sqlite_plan *now, struct arena *a, struct sqlite_index *ret);

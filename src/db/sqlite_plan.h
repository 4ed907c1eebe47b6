/* SPDX-License-Identifier: MIT */
/* What SQLite's planner says of a statement, as lines and as facts. */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

enum sqlite_access { ACCESS_OTHER, ACCESS_SCAN, ACCESS_AUTOMATIC, ACCESS_SEARCH };

/* One line. SCAN reads a whole table (or a whole index); AUTOMATIC builds an index for each
 * execution, which reads the whole table too. */
struct sqlite_line {
	const char *text;
	enum sqlite_access access;
	const char *alias;         /* the table as the statement calls it; NULL for ACCESS_OTHER */
	const char *index;         /* NULL none */
	int terms;                 /* conditions that the index answers */
	bool equality;             /* the first of them is an equality */
};

struct sqlite_plan {
	struct sqlite_line *lines; size_t n_lines;
	int scans;                 /* lines that read a whole table */
	int sorts;                 /* temporary B-trees */
};

int sqlite_plan_of(sqlite3 *db, const char *sql, struct arena *a, struct sqlite_plan *ret,
    struct err *e);

/* One line of EXPLAIN QUERY PLAN, any bytes. */
struct sqlite_line sqlite_line_parse(struct arena *a, const char *text);

/* The table that `alias` stands for in `sql`: itself, or "FROM table [AS] alias". Any bytes.
 * `is_table` knows the tables. NULL: none (a subquery, a CTE). */
const char *sqlite_alias_resolve(struct arena *a, const char *sql, const char *alias,
    bool (*is_table)(void *ctx, const char *name), void *ctx);

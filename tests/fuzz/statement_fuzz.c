/* SPDX-License-Identifier: MIT */
/* Statements that services run: any bytes, asked of a small schema the way db does. */
#include "db/sqlite_index.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static sqlite3 *original;
static struct sqlite_copy copy;
static struct arena *kept;

static void
make_copy(void)
{
	struct err e = { 0 };

	kept = arena_new();
	if (sqlite3_open(":memory:", &original) != SQLITE_OK ||
	    sqlite3_exec(original, "CREATE TABLE t (a, b TEXT, \"c d\" INTEGER);"
	        "CREATE TABLE u (id INTEGER PRIMARY KEY, t_a); CREATE INDEX u_a ON u(t_a)", NULL, NULL,
	        NULL) != SQLITE_OK ||
	    sqlite_copy_make(original, kept, &copy, &e) < 0)
		abort();
}

static bool
is_table(void *ctx, const char *name)
{
	return strcmp(name, "t") == 0 || strcmp(name, "u") == 0;
}

static void
look(struct arena *a, const char *sql, const struct sqlite_plan *p, const struct sqlite_line *line)
{
	struct sqlite_index index;
	const char *table = line->alias ? sqlite_alias_resolve(a, sql, line->alias, is_table, NULL) : NULL;

	if (table && sqlite_index_find(&copy, original, sql, table, p, a, &index) && !index.n_columns)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	char *sql = arena_strndup(a, (const char *)data, size);
	struct sqlite_plan p;
	struct err e = { 0 };

	if (!copy.db)
		make_copy();
	sqlite_line_parse(a, sql);
	sqlite_alias_resolve(a, sql, "t", is_table, NULL);
	if (sqlite_plan_of(copy.db, sql, a, &p, &e) == 0)
		for (size_t i = 0; i < p.n_lines && i < 3; i++)
			look(a, sql, &p, &p.lines[i]);
	arena_free(a);
	return 0;
}

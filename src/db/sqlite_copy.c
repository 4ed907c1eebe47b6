/* SPDX-License-Identifier: MIT */
/* Only CREATE TABLE, INDEX and VIEW are copied: virtual tables would run a module's code, and
 * triggers do not take part in choosing a plan. The texts come from a file of somebody else, so an
 * authorizer lets through what a schema needs and nothing more. */
#include "db/sqlite_copy.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "db/sqlite_file.h"

enum { OBJECTS_MAX = 4000, STATEMENT_NS = 50000000 };

static int
authorize(void *ctx, int action, const char *a, const char *b, const char *database,
    const char *trigger)
{
	switch (action) {
	case SQLITE_ATTACH:
	case SQLITE_DETACH:
	case SQLITE_PRAGMA:
	case SQLITE_CREATE_VTABLE:
	case SQLITE_DROP_VTABLE:
		return SQLITE_DENY;
	case SQLITE_FUNCTION:
		return b && strcasecmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
	}
	return SQLITE_OK;
}

/* A collation that only the service knows orders as bytes do: the planner compares names. */
static int
compare_bytes(void *ctx, int size_a, const void *a, int size_b, const void *b)
{
	int order = memcmp(a, b, (size_t)(size_a < size_b ? size_a : size_b));
	return order ? order : size_a - size_b;
}

static void
add_collation(void *ctx, sqlite3 *db, int encoding, const char *name)
{
	sqlite3_create_collation(db, name, encoding, NULL, compare_bytes);
}

static void
lose(struct sqlite_copy *c, struct arena *a, const char *table)
{
	*ARENA_PUSH(a, c->lost, c->n_lost) = arena_strdup(a, table);
}

/* Run one statement, and no second one behind it. */
static int
run_one(sqlite3 *db, const char *sql)
{
	struct sqlite_deadline deadline;
	const char *rest = "";
	sqlite3_stmt *s = NULL;

	sqlite_deadline_set(db, &deadline, STATEMENT_NS);
	int result = sqlite3_prepare_v2(db, sql, -1, &s, &rest);
	if (result == SQLITE_OK && *rest)
		result = SQLITE_ERROR;
	if (result == SQLITE_OK && sqlite3_step(s) != SQLITE_DONE)
		result = SQLITE_ERROR;
	sqlite3_finalize(s);
	sqlite3_progress_handler(db, 0, NULL, NULL);
	return result == SQLITE_OK ? 0 : -EINVAL;
}

static int
copy_objects(sqlite3 *original, struct arena *a, struct sqlite_copy *c)
{
	sqlite3_stmt *s;
	int n = 0, step = SQLITE_DONE;

	if (sqlite3_prepare_v2(original, "SELECT sql, tbl_name FROM sqlite_schema WHERE sql IS NOT NULL "
	    "AND type IN ('table', 'index', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
	    "ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, rowid", -1, &s,
	    NULL) != SQLITE_OK)
		return -EIO;
	while (n++ < OBJECTS_MAX && (step = sqlite3_step(s)) == SQLITE_ROW) {
		const char *sql = (const char *)sqlite3_column_text(s, 0);
		const char *table = (const char *)sqlite3_column_text(s, 1);
		if (sql && table && run_one(c->db, sql) < 0)
			lose(c, a, table);
	}
	sqlite3_finalize(s);
	return step == SQLITE_DONE ? 0 : -EIO;
}

/* The statistics that the service's planner uses; none is the usual case. */
static void
copy_statistics(sqlite3 *original, sqlite3 *copy)
{
	sqlite3_stmt *from, *to;

	if (sqlite3_prepare_v2(original, "SELECT tbl, idx, stat FROM sqlite_stat1 LIMIT 20000", -1, &from,
	    NULL) != SQLITE_OK)
		return;
	if (run_one(copy, "ANALYZE sqlite_schema") == 0 && sqlite3_prepare_v2(copy,
	    "INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", -1, &to, NULL) == SQLITE_OK) {
		while (sqlite3_step(from) == SQLITE_ROW) {
			for (int i = 0; i < 3; i++)
				sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
			sqlite3_step(to);
			sqlite3_reset(to);
		}
		sqlite3_finalize(to);
		run_one(copy, "ANALYZE sqlite_schema");
	}
	sqlite3_finalize(from);
}

static void
restrict_copy(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 20);
	sqlite3_collation_needed(db, NULL, add_collation);
	sqlite3_set_authorizer(db, authorize, NULL);
}

int
sqlite_copy_make(sqlite3 *original, struct arena *a, struct sqlite_copy *ret, struct err *e)
{
	struct sqlite_copy c = { 0 };

	if (sqlite3_open_v2(":memory:", &c.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	    SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		sqlite3_close(c.db);
		return err_set(e, ENOMEM, "cannot make a database in memory");
	}
	restrict_copy(c.db);
	int r = copy_objects(original, a, &c);
	if (r < 0) {
		err_set(e, -r, "cannot read the schema: %s", sqlite3_errmsg(original));
		sqlite_copy_done(&c);
		return r;
	}
	copy_statistics(original, c.db);
	*ret = c;
	return 0;
}

void
sqlite_copy_done(struct sqlite_copy *c)
{
	sqlite3_close(c->db);
	c->db = NULL;
}

bool
sqlite_copy_has(const struct sqlite_copy *c, const char *table)
{
	for (size_t i = 0; i < c->n_lost; i++)
		if (strcasecmp(c->lost[i], table) == 0)
			return false;
	return sqlite3_table_column_metadata(c->db, "main", table, NULL, NULL, NULL, NULL, NULL,
	    NULL) == SQLITE_OK;
}

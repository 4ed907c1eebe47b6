/* SPDX-License-Identifier: MIT */
/* SQLite: the file is read where the service sees it, its schema is copied into memory, and
 * everything is asked of the copy. */
#include "db/engine.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "db/sqlite_copy.h"
#include "db/sqlite_file.h"
#include "db/sqlite_index.h"
#include "db/sqlite_plan.h"

struct database {
	struct arena *arena;
	bool changeable;           /* as run_query has it */
	sqlite3 *file;
	struct sqlite_copy copy;
};

/* The path as one of the service's processes sees it: it may live in another mount namespace. */
static void
path_in_service(const struct run *r, const char *path, char *out, size_t size)
{
	for (size_t i = 0; i < r->system.n_processes; i++) {
		snprintf(out, size, "/proc/%ld/root%s", (long)r->system.processes[i].pid, path);
		if (access(out, F_OK) == 0)
			return;
	}
	snprintf(out, size, "%s", path);
}

/* The file that the path names here is the service's, and both it and its folder, where SQLite keeps its
 * journal, may be written. */
static bool
is_changeable(const char *path, const char *in_service)
{
	char folder[4200];
	struct stat here, there;

	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	return stat(path, &here) == 0 && stat(in_service, &there) == 0 && here.st_dev == there.st_dev &&
	    here.st_ino == there.st_ino && access(path, R_OK | W_OK) == 0 &&
	    access(*folder ? folder : "/", W_OK | X_OK) == 0;
}

static void
database_close(void *handle)
{
	struct database *d = handle;

	sqlite_copy_done(&d->copy);
	sqlite3_close(d->file);
	arena_free(d->arena);
}

static int
database_open(const struct run *r, const char *name, const char *login, void **ret, struct err *e)
{
	struct arena *a = arena_new();
	struct database *d = arena_alloc(a, sizeof(*d));
	char path[4200];
	int result;

	d->arena = a;
	if (name[0] != '/') {
		arena_free(a);
		return err_set(e, EINVAL, "a database in memory has no file to look into");
	}
	path_in_service(r, name, path, sizeof(path));
	d->changeable = is_changeable(name, path);
	result = sqlite_file_open(path, &d->file, e);
	if (result == 0)
		result = sqlite_copy_make(d->file, a, &d->copy, e);
	if (result < 0) {
		database_close(d);
		return result;
	}
	*ret = d;
	return 0;
}

static bool
is_table(void *ctx, const char *name)
{
	return sqlite3_table_column_metadata(((struct database *)ctx)->copy.db, "main", name, NULL, NULL,
	    NULL, NULL, NULL, NULL) == SQLITE_OK;
}

static void
keep_index(struct run *r, struct run_query *q, const char *table, const struct sqlite_index *x,
    bool changeable)
{
	q->index_table = run_str(r, table);
	q->index_plan = run_str(r, x->line);
	q->changeable = changeable;
	for (size_t i = 0; i < x->n_columns; i++)
		RUN_ADD_STR(r, q->index_columns, q->n_index_columns, x->columns[i]);
}

/* A table that is read whole. Of several the statement keeps one: that for which an index helps,
 * else the largest. */
static void
look_at_scan(struct database *d, struct run *r, struct run_query *q, const struct sqlite_plan *p,
    const char *alias)
{
	const char *table = sqlite_alias_resolve(d->arena, q->fingerprint, alias, is_table, d);
	struct sqlite_index index;

	if (!table)
		return;
	double rows = sqlite_file_rows(d->file, table);
	bool helps = sqlite_copy_has(&d->copy, table) &&
	    sqlite_index_find(&d->copy, d->file, q->fingerprint, table, p, d->arena, &index);
	bool helped = q->index_table != NULL;
	if (q->scan_table && (helps < helped || (helps == helped && !(rows > q->scan_rows))))
		return;
	q->scan_table = run_str(r, table);
	q->scan_rows = rows;
	q->n_index_columns = 0;
	if (helps)
		keep_index(r, q, table, &index, d->changeable);
}

/* BEGIN, PRAGMA and their like have no plan. */
static bool
has_plan(const char *sql)
{
	static const char *const verbs[] = { "select", "with", "insert", "update", "delete", "replace" };

	sql += strspn(sql, " \t\r\n(");
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (strncasecmp(sql, verbs[i], strlen(verbs[i])) == 0)
			return true;
	return false;
}

static int
database_explain(void *handle, struct run *r, struct run_query *q, struct err *e)
{
	struct database *d = handle;
	struct sqlite_plan p = { 0 };

	if (!has_plan(q->fingerprint))
		return 0;
	int result = sqlite_plan_of(d->copy.db, q->fingerprint, d->arena, &p, e);
	if (result < 0)
		return result;
	for (size_t i = 0; i < p.n_lines; i++)
		RUN_ADD_STR(r, q->plan, q->n_plan, p.lines[i].text);
	for (size_t i = 0; i < p.n_lines; i++)
		if (p.lines[i].access == ACCESS_SCAN || p.lines[i].access == ACCESS_AUTOMATIC)
			look_at_scan(d, r, q, &p, p.lines[i].alias);
	return 0;
}

const struct engine engine_sqlite = {
	.name = "sqlite",
	.open = database_open,
	.explain = database_explain,
	.close = database_close,
};

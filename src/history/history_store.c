/* SPDX-License-Identifier: MIT */
#include "history/history_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "history/history_figures.h"
#include "run/run_store.h"

#define VERSION 1                  /* of the tables, and of what history_figures.c puts into them */
#define BUSY_MS 10000

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS run (path TEXT PRIMARY KEY, stamp INTEGER, size INTEGER, id TEXT,"
    " created TEXT, service TEXT, urls TEXT, workload TEXT, host TEXT, verdict TEXT, why TEXT,"
    " seen INTEGER);"
    "CREATE TABLE IF NOT EXISTS figure (path TEXT, metric TEXT, what TEXT, value REAL);"
    "CREATE INDEX IF NOT EXISTS figure_path ON figure (path);";

int
history_store_error(sqlite3 *db, const char *doing, struct err *e)
{
	int code = err_set(e, EIO, "cannot %s the index of the runs: %s", doing,
	    db ? sqlite3_errmsg(db) : "out of memory");
	err_hint(e, "delete history.db beside the folder of runs: it is made anew from them");
	return code;
}

static int
exec(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* ---- opening ---- */

static int
version_of(sqlite3 *db, int *ret)
{
	CLEANUP(finalize_p) sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL);

	if (code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
		*ret = sqlite3_column_int(s, 0);
		return SQLITE_OK;
	}
	return code;
}

/* Tables of this version, inside a transaction: another prony may be doing the same. */
static int
make_tables(sqlite3 *db)
{
	char set[40];
	int version = 0, code = exec(db, "BEGIN IMMEDIATE");

	if (code == SQLITE_OK)
		code = version_of(db, &version);
	if (code == SQLITE_OK && version != VERSION)
		code = exec(db, "DROP TABLE IF EXISTS run; DROP TABLE IF EXISTS figure;");
	if (code == SQLITE_OK)
		code = exec(db, schema);
	snprintf(set, sizeof(set), "PRAGMA user_version = %d", VERSION);
	if (code == SQLITE_OK && version != VERSION)
		code = exec(db, set);
	if (code == SQLITE_OK)
		code = exec(db, "COMMIT");
	return code;
}

/* Damage in the middle of the file shows only when it is read. */
static int
check_whole(sqlite3 *db)
{
	CLEANUP(finalize_p) sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &s, NULL);

	if (code != SQLITE_OK)
		return code;
	if ((code = sqlite3_step(s)) != SQLITE_ROW)
		return code;
	const char *said = (const char *)sqlite3_column_text(s, 0);
	return said && strcmp(said, "ok") == 0 ? SQLITE_OK : SQLITE_CORRUPT;
}

static int
open_once(const char *file, sqlite3 **db)
{
	int code = sqlite3_open_v2(file, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(*db, BUSY_MS);
	if (code == SQLITE_OK)
		code = check_whole(*db);
	return code == SQLITE_OK ? make_tables(*db) : code;
}

static void
remove_index(const char *file)
{
	char journal[4096];

	unlink(file);
	if (snprintf(journal, sizeof(journal), "%s-journal", file) < (int)sizeof(journal))
		unlink(journal);
}

int
history_store_open(const char *file, sqlite3 **ret, struct err *e)
{
	sqlite3 *db = NULL;
	int code = open_once(file, &db);

	if ((code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT ||
	    (code & 0xff) == SQLITE_ERROR) {
		sqlite3_close(db);
		db = NULL;
		remove_index(file);
		code = open_once(file, &db);
	}
	/* Runs that somebody else made can be read, though nothing can be written beside them. */
	if ((code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_READONLY) {
		sqlite3_close(db);
		db = NULL;
		code = open_once(":memory:", &db);
	}
	if (code != SQLITE_OK) {
		history_store_error(db, "open", e);
		sqlite3_close(db);
		return -EIO;
	}
	*ret = db;
	return 0;
}

/* ---- bringing up to date ---- */

/* Parameters: the texts from 1 on, then the numbers. */
static int
run_sql(sqlite3 *db, const char *sql, const char *const *texts, const sqlite3_int64 *numbers,
    size_t n_texts, size_t n_numbers)
{
	CLEANUP(finalize_p) sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	for (size_t i = 0; code == SQLITE_OK && i < n_texts; i++)
		code = sqlite3_bind_text(s, (int)i + 1, texts[i], -1, SQLITE_TRANSIENT);
	for (size_t i = 0; code == SQLITE_OK && i < n_numbers; i++)
		code = sqlite3_bind_int64(s, (int)(n_texts + i) + 1, numbers[i]);
	if (code != SQLITE_OK)
		return code;
	code = sqlite3_step(s);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

struct adding {
	sqlite3_stmt *insert;
	const char *path;
	int code;
};

static void
add_figure(void *with, const char *metric, const char *what, double value)
{
	struct adding *a = with;

	if (a->code != SQLITE_OK)
		return;
	sqlite3_bind_text(a->insert, 1, a->path, -1, SQLITE_STATIC);
	sqlite3_bind_text(a->insert, 2, metric, -1, SQLITE_STATIC);
	sqlite3_bind_text(a->insert, 3, what, -1, SQLITE_TRANSIENT);
	sqlite3_bind_double(a->insert, 4, value);
	int code = sqlite3_step(a->insert);
	a->code = code == SQLITE_DONE ? sqlite3_reset(a->insert) : code;
}

static int
add_run(sqlite3 *db, const char *path, const struct stat *st, sqlite3_int64 stamp, const struct run *r,
    const char *why)
{
	static const char sql[] = "INSERT OR REPLACE INTO run (path, id, created, service, urls, workload,"
	    " host, verdict, why, stamp, size, seen) VALUES (?,?,?,?,?,?,?,?,?,?,?,1)";
	CLEANUP(finalize_p) sqlite3_stmt *insert = NULL;
	struct history_key k = { 0 };

	if (r)
		k = history_key(r->arena, r);
	int code = run_sql(db, "DELETE FROM figure WHERE path = ?", &path, NULL, 1, 0);
	const char *texts[] = { path, r ? r->id : NULL, r ? r->created : NULL, k.service, k.urls,
	    k.workload, k.host, r ? verdict_name(r->verdict) : NULL, why };
	sqlite3_int64 numbers[] = { stamp, st->st_size };
	if (code == SQLITE_OK)
		code = run_sql(db, sql, texts, numbers, COUNT_OF(texts), COUNT_OF(numbers));
	if (code != SQLITE_OK || !r)
		return code;
	code = sqlite3_prepare_v2(db, "INSERT INTO figure VALUES (?,?,?,?)", -1, &insert, NULL);
	struct adding a = { insert, path, code };
	history_figures(r, add_figure, &a);
	return a.code;
}

/* Is the run in the index as it is on disk? Then it is marked as seen. */
static int
is_known(sqlite3 *db, const char *path, sqlite3_int64 stamp, sqlite3_int64 size, bool *ret)
{
	sqlite3_int64 numbers[] = { stamp, size };
	int code = run_sql(db, "UPDATE run SET seen = 1 WHERE path = ? AND stamp = ? AND size = ?", &path,
	    numbers, 1, 2);
	*ret = sqlite3_changes(db) > 0;
	return code;
}

static int
visit(sqlite3 *db, const char *runs, const char *name)
{
	char path[4096];
	struct stat st;
	struct err why = { 0 };
	struct run *r = NULL;
	bool known;

	if (snprintf(path, sizeof(path), "%s/%s/run.json", runs, name) >= (int)sizeof(path) ||
	    stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return SQLITE_OK;
	sqlite3_int64 stamp = (sqlite3_int64)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	int code = is_known(db, path, stamp, st.st_size, &known);
	if (code != SQLITE_OK || known)
		return code;
	if (run_load(path, &r, &why) < 0)
		return add_run(db, path, &st, stamp, NULL, why.text);
	/* An unsealed run is being written or was interrupted: it is looked at again next time. */
	if (r->sealed && r->id && r->created)
		code = add_run(db, path, &st, stamp, r, NULL);
	run_free(r);
	return code;
}

static void
closedir_p(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int
visit_all(sqlite3 *db, const char *runs)
{
	CLEANUP(closedir_p) DIR *d = opendir(runs);
	struct stat st;
	int code = exec(db, "UPDATE run SET seen = 0");

	/* `latest` is a link to one of the others. */
	for (struct dirent *n; d && code == SQLITE_OK && (n = readdir(d));)
		if (n->d_name[0] != '.' &&
		    fstatat(dirfd(d), n->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			code = visit(db, runs, n->d_name);
	if (code == SQLITE_OK)
		code = exec(db, "DELETE FROM figure WHERE path IN (SELECT path FROM run WHERE seen = 0);"
		                "DELETE FROM run WHERE seen = 0;");
	return code;
}

int
history_store_refresh(sqlite3 *db, const char *runs, struct err *e)
{
	int code = exec(db, "BEGIN IMMEDIATE");

	if (code == SQLITE_OK)
		code = visit_all(db, runs);
	if (code == SQLITE_OK)
		code = exec(db, "COMMIT");
	if (code == SQLITE_OK)
		return 0;
	history_store_error(db, "bring up to date", e);
	exec(db, "ROLLBACK");
	return -EIO;
}

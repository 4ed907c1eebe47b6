/* SPDX-License-Identifier: MIT */
/* An index in an SQLite file that a service has open. SQLite's own locks make it whole or not at
 * all, also when prony is killed; statements that the service has prepared are planned anew by
 * themselves.
 *
 * A plan is read from a file, so its text is taken for what it may be: one CREATE INDEX, one DROP
 * INDEX of the same. An authorizer refuses all else. */
#include "experiment/executor.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/stop.h"

#define BUSY_MS      5000
#define STEPS_A_LOOK 1000      /* of SQLite's machine, between two looks whether to stop */
#define NAME_MAX_BYTES 256
#define PLAIN "CREATE INDEX "  /* as the schema has it; UNIQUE would refuse rows, which changes what is right */

/* A database, and the one index that its statement speaks of. */
struct place {
	sqlite3 *db;
	const char *path;
	int wanted;                /* SQLITE_CREATE_INDEX or SQLITE_DROP_INDEX */
	char index[NAME_MAX_BYTES];
};

static void
place_done(struct place *p)
{
	sqlite3_close(p->db);
}

static void
statement_done(sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
}

/* ---- what a statement may do --------------------------------------------------------------- */

static bool
is_schema(const char *table)
{
	return table && strncmp(table, "sqlite_", 7) == 0;
}

/* Making and dropping an index also writes the schema and the planner's statistics. */
static int
authorize(void *ctx, int action, const char *a, const char *b, const char *database,
    const char *trigger)
{
	struct place *p = ctx;

	if (action == p->wanted) {
		int n = snprintf(p->index, sizeof(p->index), "%s", a ? a : "");
		return n > 0 && n < (int)sizeof(p->index) ? SQLITE_OK : SQLITE_DENY;
	}
	switch (action) {
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return is_schema(a) ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_READ:
	case SQLITE_SELECT:
	case SQLITE_REINDEX:
		return SQLITE_OK;
	}
	return SQLITE_DENY;
}

/* ---- open and ask -------------------------------------------------------------------------- */

static int
fail(const struct place *p, int result, struct err *e)
{
	int kind = result & 0xff;

	if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED) {
		err_set(e, EBUSY, "the database '%s' is busy: somebody else has been writing to it for %d s",
		    p->path, BUSY_MS / 1000);
		err_hint(e, "try again when its writers pause");
	} else if (kind == SQLITE_READONLY || kind == SQLITE_CANTOPEN || kind == SQLITE_PERM) {
		err_set(e, EACCES, "the database '%s' may not be changed: %s", p->path, sqlite3_errstr(result));
		err_hint(e, "call prony as the user that the service runs as, or with sudo");
	} else if (kind == SQLITE_INTERRUPT) {
		err_set(e, EINTR, "interrupted");
	} else {
		err_set(e, EIO, "the database '%s': %s", p->path, sqlite3_errmsg(p->db));
	}
	return -e->code;
}

static int
place_open(const struct change_text *c, int wanted, struct place *p, struct err *e)
{
	p->path = c->on;
	p->wanted = wanted;
	if (!c->on || c->on[0] != '/')
		return err_usage(e, "the plan does not say which database it is for");
	int result = sqlite3_open_v2(c->on, &p->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (result != SQLITE_OK)
		return fail(p, result, e);
	sqlite3_busy_timeout(p->db, BUSY_MS);
	sqlite3_db_config(p->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(p->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_limit(p->db, SQLITE_LIMIT_ATTACHED, 0);
	return 0;
}

/* Compile the one statement, which also finds the index that it speaks of. */
static int
prepare(struct place *p, const char *sql, sqlite3_stmt **ret, struct err *e)
{
	const char *rest = "";

	p->index[0] = '\0';
	sqlite3_set_authorizer(p->db, authorize, p);
	int result = sqlite3_prepare_v2(p->db, sql, -1, ret, &rest);
	sqlite3_set_authorizer(p->db, NULL, NULL);
	if (result == SQLITE_AUTH || (result == SQLITE_OK &&
	    (!p->index[0] || rest[strspn(rest, " \t\r\n;")])))
		return err_usage(e, "'%.200s' is not the one statement that prony makes or drops an index by", sql);
	return result == SQLITE_OK ? 0 : fail(p, result, e);
}

/* As the schema keeps it: without the ';' at its end. */
static size_t
size_in_schema(const char *sql)
{
	size_t n = strlen(sql);

	while (n && strchr("; \t\r\n", sql[n - 1]))
		n--;
	return n;
}

/* Indexes that were made by this text, of this name; NULL: of any. -1 and an error when the schema
 * cannot be read. */
static int
count_ours(struct place *p, const char *sql, const char *name, struct err *e)
{
	CLEANUP(statement_done) sqlite3_stmt *s = NULL;

	int result = sqlite3_prepare_v2(p->db, "SELECT count(*) FROM sqlite_schema WHERE type = 'index' "
	    "AND sql = ?1 AND (?2 IS NULL OR lower(name) = lower(?2))", -1, &s, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_bind_text(s, 1, sql, (int)size_in_schema(sql), SQLITE_STATIC);
	if (result == SQLITE_OK)
		result = sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
	if (result == SQLITE_OK)
		result = sqlite3_step(s);
	if (result == SQLITE_ROW)
		return sqlite3_column_int(s, 0);
	fail(p, result, e);
	return -1;
}

/* The schema keeps a text without its spelling, and only one that is the same is known again. */
static int
refuse_text(const char *sql, struct err *e)
{
	int code = err_usage(e, "'%.200s' and its undo are not what prony makes and drops an index by", sql);
	err_hint(e, "write 'CREATE INDEX NAME ON TABLE (COLUMN);' and 'DROP INDEX NAME;' of the same name: not "
	    "UNIQUE, no IF NOT EXISTS, no 'main.'");
	return code;
}

/* ---- the executor -------------------------------------------------------------------------- */

static int
check(const struct change_text *c, struct err *e)
{
	CLEANUP(place_done) struct place p = { 0 };
	CLEANUP(statement_done) sqlite3_stmt *s = NULL;

	int code = place_open(c, SQLITE_CREATE_INDEX, &p, e);
	if (code == 0)
		code = prepare(&p, c->apply, &s, e);
	if (code == 0 && strncmp(c->apply, PLAIN, sizeof(PLAIN) - 1) != 0)
		code = refuse_text(c->apply, e);
	if (code == 0 && sqlite3_db_readonly(p.db, "main") > 0)
		code = fail(&p, SQLITE_READONLY, e);
	return code;
}

static int
shall_stop(void *ctx)
{
	return stop_requested();
}

static int
execute(struct place *p, const char *sql, struct err *e)
{
	int result = sqlite3_exec(p->db, sql, NULL, NULL, NULL);
	return result == SQLITE_OK ? 0 : fail(p, result, e);
}

static int
make(struct place *p, const char *sql, struct err *e)
{
	CLEANUP(statement_done) sqlite3_stmt *s = NULL;

	int code = prepare(p, sql, &s, e);
	if (code < 0)
		return code;
	sqlite3_progress_handler(p->db, STEPS_A_LOOK, shall_stop, NULL);
	int result = sqlite3_step(s);
	code = result == SQLITE_DONE ? 0 : fail(p, result, e);
	sqlite3_progress_handler(p->db, 0, NULL, NULL);
	return code;
}

/* Would the undo drop the very index that is there now, and know it as ours? */
static int
check_undo(struct place *p, const struct change_text *c, struct err *e)
{
	CLEANUP(statement_done) sqlite3_stmt *s = NULL;

	p->wanted = SQLITE_DROP_INDEX;
	int code = prepare(p, c->undo, &s, e);
	int ours = code == 0 ? count_ours(p, c->apply, p->index, e) : 0;
	if (code < 0 || ours < 0)
		return -e->code;
	return ours == 1 ? 0 : refuse_text(c->apply, e);
}

/* What is not committed is gone with the connection. */
static int
apply(const struct change_text *c, struct err *e)
{
	CLEANUP(place_done) struct place p = { 0 };

	int code = place_open(c, SQLITE_CREATE_INDEX, &p, e);
	if (code == 0)
		code = execute(&p, "BEGIN IMMEDIATE", e);
	if (code == 0)
		code = make(&p, c->apply, e);
	if (code == 0)
		code = check_undo(&p, c, e);
	return code < 0 ? code : execute(&p, "COMMIT", e);
}

/* There is none that it would drop: good when ours is gone, too. */
static int
nothing_to_drop(struct place *p, const struct change_text *c, const struct err *why, struct err *e)
{
	int ours = count_ours(p, c->apply, NULL, e);

	if (ours < 0)
		return -e->code;
	if (ours > 0)
		*e = *why;
	return ours > 0 ? -e->code : 0;
}

/* The index that the undo names is not ours: good when the one of our text is not there at all. */
static int
theirs(struct place *p, const struct change_text *c, struct err *e)
{
	CLEANUP(statement_done) sqlite3_stmt *s = NULL;
	char named[NAME_MAX_BYTES];
	struct err ignored = { 0 };

	memcpy(named, p->index, sizeof(named));
	p->wanted = SQLITE_CREATE_INDEX;
	if (prepare(p, c->apply, &s, &ignored) == 0)
		return 0;
	return err_set(e, EEXIST, "the index %s of '%s' is not the one that prony made", named, c->on);
}

/* Only what prony made: an index of the name that somebody has made otherwise since is theirs. */
static int
undo(const struct change_text *c, struct err *e)
{
	CLEANUP(place_done) struct place p = { 0 };
	CLEANUP(statement_done) sqlite3_stmt *s = NULL;
	struct err why = { 0 };

	int code = place_open(c, SQLITE_DROP_INDEX, &p, e);
	if (code < 0)
		return code;
	if (prepare(&p, c->undo, &s, &why) < 0)
		return nothing_to_drop(&p, c, &why, e);
	int ours = count_ours(&p, c->apply, p.index, e);
	if (ours == 0)
		return theirs(&p, c, e);
	int result = ours > 0 ? sqlite3_step(s) : SQLITE_DONE;
	return ours < 0 ? -e->code : result == SQLITE_DONE ? 0 : fail(&p, result, e);
}

const struct executor executor_sqlite = {
	.name = "sqlite",
	.of_plan = true,
	.check = check,
	.apply = apply,
	.undo = undo,
};

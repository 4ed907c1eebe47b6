/* SPDX-License-Identifier: MIT */
/* Changes as executors make them: there and back, in part, of somebody else, and in which order a journal is
 * taken back. */
#include "experiment/change.h"

#include <errno.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/stop.h"
#include "check.h"

#define APPLY "CREATE INDEX prony_t_a ON t (a);"
#define UNDO  "DROP INDEX prony_t_a;"

struct place {
	char folder[64], database[96];
	struct journal *journal;
};

static void
sql(const struct place *p, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(p->database, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static int
add_text(void *out, int n, char **values, char **names)
{
	buf_printf(out, "%s\n", values[0] ? values[0] : "-");
	return 0;
}

/* The whole schema as text; the caller's. */
static char *
schema(const struct place *p)
{
	struct buf text = { 0 };
	sqlite3 *db;

	assert_int_equal(sqlite3_open(p->database, &db), SQLITE_OK);
	sqlite3_exec(db, "SELECT type || name || sql FROM sqlite_schema ORDER BY name", add_text, &text, NULL);
	sqlite3_close(db);
	return text.data ? text.data : strdup("");
}

static int
to_new_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct err e = { 0 };

	*state = p;
	snprintf(p->folder, sizeof(p->folder), "/tmp/change-test-XXXXXX");
	if (!p || !mkdtemp(p->folder) || chdir(p->folder) < 0)
		return -1;
	snprintf(p->database, sizeof(p->database), "%s/a.db", p->folder);
	sql(p, "CREATE TABLE t (a, b); CREATE INDEX t_b ON t (b); INSERT INTO t VALUES (1, 2)");
	return journal_open(true, &p->journal, &e);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int
leave_place(void **state)
{
	struct place *p = *state;

	journal_close(p->journal);
	int code = chdir("/") == 0 ? nftw(p->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) : -1;
	free(p);
	return code;
}

static struct change_text
index_of(const struct place *p, const char *apply, const char *undo)
{
	return (struct change_text){ .step = "P1", .executor = "sqlite", .on = p->database, .apply = apply,
		.undo = undo };
}

static struct change_text
pair_of(const struct place *p, const char *apply, const char *undo)
{
	return (struct change_text){ .step = "U1", .executor = "command", .folder = p->folder, .apply = apply,
		.undo = undo };
}

static struct change *
open_change(struct place *p, const char *id, const struct change_text *text)
{
	struct change *c = NULL;
	struct err e = { 0 };

	if (change_open(p->journal, id, text, NULL, &c, &e) < 0)
		fail_msg("%s", e.text);
	return c;
}

static void
want(struct change *c, bool in_place)
{
	struct err e = { 0 };
	bool switched;

	if (change_want(c, in_place, &switched, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(change_is_in_place(c), in_place);
}

static void
count_one(void *ctx, const struct journal_entry *undone)
{
	struct buf *told = ctx;
	buf_printf(told, "%s ", undone->id);
}

/* ---- an index ------------------------------------------------------------------------------ */

static void
an_index_comes_and_goes(void **state)
{
	struct place *p = *state;
	const struct change_text text = index_of(p, APPLY, UNDO);
	char *before = schema(p);
	struct change *c = open_change(p, "r/P1", &text);

	for (int i = 0; i < 3; i++) {
		want(c, true);
		char *with = schema(p);
		assert_non_null(strstr(with, "indexprony_t_aCREATE INDEX prony_t_a ON t (a)"));
		free(with);
		want(c, false);
		char *after = schema(p);
		assert_string_equal(before, after);
		free(after);
	}
	assert_true(change_cost_ns(c) > 0);
	assert_false(change_has_failed(c));
	change_close(c);
	free(before);
}

static void
what_is_not_one_index_is_refused(void **state)
{
	struct place *p = *state;
	static const struct { const char *apply, *says; } rows[] = {
		{ "CREATE INDEX t_b ON t (a);", "already exists" },
		{ "CREATE INDEX i ON nowhere (a);", "nowhere" },
		{ "CREATE INDEX i ON t (none);", "none" },
		{ "DROP TABLE t;", "not the one statement" },
		{ "DROP INDEX t_b;", "not the one statement" },
		{ "DELETE FROM t;", "not the one statement" },
		{ "CREATE INDEX i ON t (a); DROP TABLE t;", "not the one statement" },
		{ "ATTACH '/tmp/x.db' AS x;", "not the one statement" },
		{ "SELECT 1;", "not the one statement" },
		{ "CREATE UNIQUE INDEX i ON t (a);", "not what prony makes" },
		{ "create index i ON t (a);", "not what prony makes" },
		{ "", "not the one statement" },
	};
	char *before = schema(p);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct change_text text = index_of(p, rows[i].apply, UNDO);
		struct change *c = NULL;
		struct err e = { 0 };
		if (change_open(p->journal, "r/P1", &text, NULL, &c, &e) == 0 || !strstr(e.text, rows[i].says))
			fail_msg("'%s': %s", rows[i].apply, e.text);
		char *after = schema(p);
		assert_string_equal(before, after);
		free(after);
	}
	assert_int_equal(journal_entries(p->journal)->n, 0);
	free(before);
}

static void
only_the_index_that_was_made_is_dropped(void **state)
{
	struct place *p = *state;
	static const struct { const char *meanwhile, *undo; int code; const char *left; } rows[] = {
		{ "SELECT 1", UNDO, 0, NULL },
		{ "DROP INDEX prony_t_a", UNDO, 0, NULL },
		{ "DROP INDEX prony_t_a; CREATE INDEX prony_t_a ON t (b, a)", UNDO, -EEXIST, "prony_t_a" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct change_text text = index_of(p, APPLY, rows[i].undo);
		const struct executor *executor = executor_named("sqlite");
		struct err e = { 0 };
		assert_int_equal(executor->apply(&text, &e), 0);
		sql(p, rows[i].meanwhile);
		int code = executor->undo(&text, &e);
		char *after = schema(p);
		if (code != rows[i].code || (rows[i].left && !strstr(after, rows[i].left)))
			fail_msg("row %zu: %d, %s\n%s", i, code, e.text, after);
		if (!rows[i].left)
			assert_null(strstr(after, "prony_t_a"));
		free(after);
		sql(p, "DROP INDEX IF EXISTS prony_t_a");
	}
}

static void
what_the_undo_would_not_take_back_is_not_made(void **state)
{
	struct place *p = *state;
	static const struct { const char *apply, *undo; } rows[] = {
		{ "CREATE INDEX IF NOT EXISTS i ON t (a);", "DROP INDEX i;" },
		{ "CREATE INDEX main.i ON t (a);", "DROP INDEX i;" },
		{ "CREATE INDEX i ON t (a) ;", "DROP INDEX i;" },
		{ "CREATE INDEX /* ours */ i ON t (a);", "DROP INDEX j;" },
		{ APPLY, "DROP INDEX t_b;" },
		{ APPLY, "DROP INDEX i;" },
		{ APPLY, "DELETE FROM t;" },
		{ APPLY, "DROP TABLE t;" },
		{ APPLY, "" },
	};
	char *before = schema(p);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct change_text text = index_of(p, rows[i].apply, rows[i].undo);
		const struct executor *executor = executor_named("sqlite");
		struct err e = { 0 };
		if (executor->apply(&text, &e) == 0)
			fail_msg("row %zu was made", i);
		if (executor->undo(&text, &e) != 0)      /* as when an apply was cut short */
			fail_msg("row %zu: %s", i, e.text);
		char *after = schema(p);
		assert_string_equal(before, after);
		free(after);
	}
	free(before);
}

static void
a_busy_database_is_named(void **state)
{
	struct place *p = *state;
	const struct change_text text = index_of(p, APPLY, UNDO);
	struct err e = { 0 };
	sqlite3 *other;

	assert_int_equal(sqlite3_open(p->database, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(executor_named("sqlite")->apply(&text, &e), -EBUSY);
	assert_non_null(strstr(e.text, "is busy"));
	assert_non_null(strstr(e.hint, "writers"));
	sqlite3_close(other);
}

/* ---- commands ------------------------------------------------------------------------------ */

static void
a_service_that_a_command_starts_is_left_running(void **state)
{
	struct place *p = *state;
	const struct change_text text = pair_of(p, "sleep 60 & echo $! >pid", "kill $(cat pid)");
	struct change *c = open_change(p, "r/U1", &text);

	want(c, true);
	assert_int_equal(system("test -e /proc/$(cat pid)/exe"), 0);
	want(c, false);
	assert_int_equal(system("for i in 1 2 3 4 5 6 7 8 9; do test -e /proc/$(cat pid)/exe || exit 0; sleep 0.1; "
	    "done; exit 1"), 0);
	change_close(c);
}

/* A restart whose last word is an error has started the service all the same. */
static void
so_it_is_where_the_command_fails(void **state)
{
	struct place *p = *state;
	const struct change_text text = pair_of(p, "true", "sleep 60 & echo $! >pid; false");
	struct err e = { 0 };

	assert_true(executor_named("command")->undo(&text, &e) < 0);
	assert_int_equal(system("test -e /proc/$(cat pid)/exe && kill $(cat pid)"), 0);
}

static void
a_command_has_the_limits_of_the_user(void **state)
{
	struct place *p = *state;
	const struct change_text text = pair_of(p, "ulimit -n >given", "true");
	const struct executor *command = executor_named("command");
	struct rlimit files, other;
	struct err e = { 0 };

	assert_int_equal(command->check(&text, &e), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	other = files;
	other.rlim_cur = 77;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &other), 0);
	assert_int_equal(command->apply(&text, &e), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(system("test \"$(cat given)\" = \"$(ulimit -n)\""), 0);
}

static void
a_command_of_another_folder_is_not_run(void **state)
{
	struct place *p = *state;
	static const char *const folders[] = { "/", "/nowhere", NULL };

	for (size_t i = 0; i < 3; i++) {
		const struct change_text text = { .step = "U1", .executor = "command", .folder = folders[i],
			.apply = "true", .undo = "touch evil" };
		struct err e = { 0 };
		assert_int_equal(executor_named("command")->undo(&text, &e), -EPERM);
		assert_non_null(strstr(e.text, "another folder"));
	}
	assert_int_equal(access("evil", F_OK), -1);
	/* Nor through what lies where its log is to be. */
	const struct change_text mine = pair_of(p, "true", "touch evil");
	struct err e = { 0 };
	unlink(".prony/fix.log");
	assert_int_equal(symlink("../a.db", ".prony/fix.log"), 0);
	assert_true(executor_named("command")->undo(&mine, &e) < 0);
	assert_int_equal(access("evil", F_OK), -1);
}

static void
what_fails_says_so_and_stays_in_the_journal(void **state)
{
	struct place *p = *state;
	const struct change_text bad = pair_of(p, "echo no such flag >&2; false", "test -e allowed");
	struct change *c = open_change(p, "r/U1", &bad);
	struct buf told = { 0 };
	struct err e = { 0 };
	bool switched;

	assert_true(change_want(c, true, &switched, &e) < 0);
	assert_non_null(strstr(e.text, "U1 could not be applied"));
	assert_non_null(strstr(e.text, "no such flag"));
	assert_true(change_is_in_place(c));         /* as far as anybody knows */
	e = (struct err){ 0 };
	assert_true(change_want(c, false, &switched, &e) < 0);
	assert_non_null(strstr(e.text, "could NOT be taken back"));
	assert_non_null(strstr(e.hint, "prony undo"));
	assert_int_equal(e.status, STATUS_NOT_MEASURED);
	assert_true(change_has_failed(c));
	change_close(c);
	e = (struct err){ 0 };
	assert_true(change_undo_all(p->journal, true, NULL, count_one, &told, &e) < 0);
	assert_int_equal(told.size, 0);
	assert_int_equal(system("touch allowed"), 0);
	assert_int_equal(change_undo_all(p->journal, true, NULL, count_one, &told, &e), 0);
	assert_string_equal(buf_text(&told), "r/U1 ");
	buf_done(&told);
}

/* ---- the order ----------------------------------------------------------------------------- */

static void
the_newest_is_taken_back_first(void **state)
{
	struct place *p = *state;
	const struct change_text texts[] = {
		pair_of(p, "echo a >>log", "echo A >>log"), pair_of(p, "echo b >>log", "echo B >>log"),
		pair_of(p, "echo c >>log", "echo C >>log"),
	};
	static const char *const ids[] = { "r/a", "r/b", "s/c" };
	struct buf told = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < 3; i++) {
		struct change *c = open_change(p, ids[i], &texts[i]);
		want(c, true);
		assert_false(change_is_kept(p->journal, &texts[i]));
		if (i != 1)
			assert_int_equal(change_keep(c, &e), 0);
		assert_int_equal(change_is_kept(p->journal, &texts[i]), i != 1);
		change_close(c);
	}
	/* What a crash left, without what was kept; then the rest. */
	assert_int_equal(change_undo_all(p->journal, false, NULL, count_one, &told, &e), 0);
	assert_string_equal(buf_text(&told), "r/b ");
	assert_int_equal(change_undo_all(p->journal, true, NULL, count_one, &told, &e), 0);
	assert_string_equal(buf_text(&told), "r/b s/c r/a ");
	assert_int_equal(change_undo_all(p->journal, true, NULL, count_one, &told, &e), 0);
	assert_int_equal(system("test \"$(tr -d '\\n' <log)\" = abcBCA"), 0);
	buf_done(&told);
}

/* The last test: a stop stays. */
static void
nothing_is_applied_once_it_shall_stop(void **state)
{
	struct place *p = *state;
	const struct change_text text = pair_of(p, "touch there", "touch back");
	struct change *c = open_change(p, "r/U1", &text);
	struct err e = { 0 };
	bool switched;

	want(c, true);
	want(c, false);
	assert_int_equal(unlink("there"), 0);
	stop_request();
	assert_int_equal(change_want(c, true, &switched, &e), -EINTR);
	assert_false(change_is_in_place(c));
	assert_int_equal(access("there", F_OK), -1);
	assert_int_equal(journal_entries(p->journal)->items[0]->event, JOURNAL_UNDONE);
	change_close(c);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, to_new_place, leave_place)

RUN_TESTS(
	IN_PLACE(an_index_comes_and_goes),
	IN_PLACE(what_is_not_one_index_is_refused),
	IN_PLACE(only_the_index_that_was_made_is_dropped),
	IN_PLACE(what_the_undo_would_not_take_back_is_not_made),
	IN_PLACE(a_busy_database_is_named),
	IN_PLACE(a_service_that_a_command_starts_is_left_running),
	IN_PLACE(so_it_is_where_the_command_fails),
	IN_PLACE(a_command_has_the_limits_of_the_user),
	IN_PLACE(a_command_of_another_folder_is_not_run),
	IN_PLACE(what_fails_says_so_and_stays_in_the_journal),
	IN_PLACE(the_newest_is_taken_back_first),
	IN_PLACE(nothing_is_applied_once_it_shall_stop),
)

/* SPDX-License-Identifier: MIT */
/* The journal as text and as a file: what a crash leaves of it, who may have it, what is kept secret. */
#include "experiment/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "check.h"

#define BEGIN(id, step) "{\"change\":\"" id "\",\"event\":\"apply\",\"at\":\"2026-11-21T17:00:00Z\",\"step\":\"" \
	step "\",\"executor\":\"command\",\"apply\":\"touch f\",\"undo\":\"rm -f f\"}\n"
#define EVENT(id, name) "{\"change\":\"" id "\",\"event\":\"" name "\",\"at\":\"2026-11-21T17:00:01Z\"}\n"

static const struct change_text sample = {
	.step = "U1", .what = "touch f", .executor = "command", .folder = "/srv/shop",
	.apply = "TOKEN=hunter2 touch f", .undo = "rm -f f", .on = NULL,
};

/* ---- text ---------------------------------------------------------------------------------- */

static void
lines_tell_what_is_in_place(void **state)
{
	static const struct {
		const char *text;
		size_t n, torn;        /* changes; bytes that are no whole line */
		enum journal_event first;
	} rows[] = {
		{ "", 0, 0, 0 },
		{ BEGIN("r/P1", "P1"), 1, 0, JOURNAL_APPLY },
		{ BEGIN("r/P1", "P1") EVENT("r/P1", "undone"), 1, 0, JOURNAL_UNDONE },
		{ BEGIN("r/P1", "P1") EVENT("r/P1", "undone") EVENT("r/P1", "apply"), 1, 0, JOURNAL_APPLY },
		{ BEGIN("r/P1", "P1") EVENT("r/P1", "kept") BEGIN("s/P1", "P1"), 2, 0, JOURNAL_KEPT },
		{ BEGIN("r/P1", "P1") EVENT("r/P1", "kept") "{\"change\":\"r/P1\",\"event\":\"und", 1, 29,
		  JOURNAL_KEPT },
		{ "{\"change\":\"r/P1\",\"ev", 0, 20, 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new();
		struct journal_entries all;
		struct err e = { 0 };
		size_t whole, size = strlen(rows[i].text);
		if (journal_text_read(rows[i].text, size, a, &all, &whole, &e) < 0 || all.n != rows[i].n ||
		    size - whole != rows[i].torn || (all.n && all.items[0]->event != rows[i].first))
			fail_msg("row %zu: %s, %zu changes, %zu torn", i, e.text, all.n, size - whole);
		if (all.n) {
			assert_string_equal(all.items[0]->text.undo, "rm -f f");
			assert_null(all.items[0]->text.folder);
		}
		arena_free(a);
	}
}

static void
a_line_of_somebody_else_is_named(void **state)
{
	static const struct { const char *text, *says; } rows[] = {
		{ "hello\n", "line 1 " },
		{ "\n", "line 1 " },
		{ BEGIN("r/P1", "P1") "[]\n", "line 2 " },
		{ EVENT("r/P1", "undone"), "line 1 " },
		{ BEGIN("r/P1", "P1") EVENT("r/P1", "applied"), "line 2 " },
		{ BEGIN("r/P1", "P1") EVENT("r/P2", "apply"), "line 2 " },
		{ "{\"change\":\"r/P1\",\"event\":\"apply\",\"at\":\"x\",\"step\":\"P1\"}\n", "line 1 " },
		{ BEGIN("r/P1", "P1") BEGIN("r/P1", "P1"), "line 2 " },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *a = arena_new();
		struct journal_entries all;
		struct err e = { 0 };
		size_t whole;
		int code = journal_text_read(rows[i].text, strlen(rows[i].text), a, &all, &whole, &e);
		if (code != -EBADMSG || !strstr(e.text, rows[i].says) || !e.hint[0])
			fail_msg("row %zu: %d, %s", i, code, e.text);
		arena_free(a);
	}
}

static void
what_cannot_be_written_down_is_refused(void **state)
{
	struct journal_entry entry = { .id = "r/U1", .text = sample };
	struct buf out = { 0 };
	struct err e = { 0 };

	entry.text.apply = "printf '\xff'";
	assert_int_equal(journal_text_write(&entry, JOURNAL_APPLY, "now", &out, &e), -EILSEQ);
	assert_int_equal(e.status, STATUS_USAGE);
	assert_int_equal(out.size, 0);
	buf_done(&out);
}

/* ---- file ---------------------------------------------------------------------------------- */

static int
to_new_folder(void **state)
{
	char *folder = strdup("/tmp/journal-test-XXXXXX");

	*state = folder;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int
leave_folder(void **state)
{
	static const char *const files[] = { ".prony/journal.ndjson", "journal.ndjson" };

	for (size_t i = 0; i < 2; i++)
		unlink(files[i]);
	rmdir(".prony");
	int code = chdir("/") == 0 ? rmdir(*state) : -1;
	free(*state);
	return code;
}

static struct journal *
opened(void)
{
	struct journal *j = NULL;
	struct err e = { 0 };

	if (journal_open(true, &j, &e) < 0)
		fail_msg("%s", e.text);
	return j;
}

static void
note(struct journal *j, struct journal_entry *entry, enum journal_event event)
{
	struct err e = { 0 };
	if (journal_note(j, entry, event, &e) < 0)
		fail_msg("%s", e.text);
}

static void
tear(const char *tail)
{
	FILE *f = fopen(".prony/journal.ndjson", "a");
	assert_non_null(f);
	fputs(tail, f);
	fclose(f);
}

static void
what_was_noted_is_read_by_the_next(void **state)
{
	struct journal *j = opened();
	struct journal_entry *first = journal_add(j, "r/P1", &sample), *second = journal_add(j, "r/U1", &sample);
	struct stat st;

	note(j, first, JOURNAL_APPLY);
	note(j, first, JOURNAL_UNDONE);
	note(j, first, JOURNAL_APPLY);
	note(j, first, JOURNAL_KEPT);
	note(j, second, JOURNAL_APPLY);
	journal_close(j);
	tear("{\"change\":\"r/U1\",\"eve");
	for (int i = 0; i < 2; i++) {       /* the second finds it mended */
		j = opened();
		const struct journal_entries *all = journal_entries(j);
		assert_int_equal(all->n, 2);
		assert_string_equal(all->items[0]->id, "r/P1");
		assert_int_equal(all->items[0]->event, JOURNAL_KEPT);
		assert_int_equal(all->items[1]->event, JOURNAL_APPLY);
		assert_string_equal(all->items[1]->text.apply, sample.apply);
		assert_string_equal(all->items[1]->text.folder, "/srv/shop");
		assert_null(all->items[1]->text.on);
		if (i)
			note(j, all->items[1], JOURNAL_UNDONE);
		journal_close(j);
	}
	j = opened();
	assert_int_equal(journal_entries(j)->items[1]->event, JOURNAL_UNDONE);
	journal_close(j);
	assert_int_equal(stat(".prony/journal.ndjson", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
a_run_s_copy_keeps_no_secret(void **state)
{
	struct journal *j = opened();
	struct buf copy = { 0 };
	struct err e = { 0 };

	assert_int_equal(journal_copy_to(j, ".", &e), 0);
	note(j, journal_add(j, "r/U1", &sample), JOURNAL_APPLY);
	journal_close(j);
	assert_int_equal(file_read("journal.ndjson", 4096, &copy, &e), 0);
	assert_null(strstr(buf_text(&copy), "hunter2"));
	assert_non_null(strstr(buf_text(&copy), "TOKEN=*** touch f"));
	buf_done(&copy);
}

static void
nobody_else_has_it_meanwhile(void **state)
{
	struct journal *j = opened(), *other = NULL;
	struct err e = { 0 };

	assert_int_equal(journal_open(true, &other, &e), -EBUSY);
	assert_non_null(strstr(e.text, "another prony"));
	journal_close(j);
	/* Also not the child of somebody who was killed. */
	pid_t pid = fork();
	if (pid == 0) {
		struct journal *mine = opened();
		_exit(mine ? 0 : 1);
	}
	waitpid(pid, NULL, 0);
	journal_close(opened());
}

static void
where_there_is_none_there_is_nothing(void **state)
{
	struct journal *j = NULL;
	struct err e = { 0 };

	assert_int_equal(journal_open(false, &j, &e), -ENOENT);
	assert_int_equal(access(".prony", F_OK), -1);
}

static void
a_damaged_one_is_not_touched(void **state)
{
	struct journal *j = opened();
	struct err e = { 0 };
	struct stat before, after;

	note(j, journal_add(j, "r/U1", &sample), JOURNAL_APPLY);
	journal_close(j);
	tear("what is this?\n{\"torn");
	assert_int_equal(stat(".prony/journal.ndjson", &before), 0);
	assert_int_equal(journal_open(true, &j, &e), -EBADMSG);
	assert_non_null(strstr(e.text, ".prony/journal.ndjson: line 2 "));
	assert_int_equal(stat(".prony/journal.ndjson", &after), 0);
	assert_int_equal(before.st_size, after.st_size);
}

static void
one_that_others_could_have_written_is_refused(void **state)
{
	static const struct { const char *make, *says; } rows[] = {
		{ "touch .prony/journal.ndjson; chmod 640 .prony/journal.ndjson", "open to other users" },
		{ "touch .prony/journal.ndjson; chmod 602 .prony/journal.ndjson", "open to other users" },
		{ "touch journal.ndjson; chmod 600 journal.ndjson; ln -s ../journal.ndjson .prony/journal.ndjson",
		  "symbolic link" },
		{ "mkfifo -m 600 .prony/journal.ndjson", "is no file" },
		{ "touch .prony/journal.ndjson; chmod 600 .prony/journal.ndjson; chown 65534 .prony/journal.ndjson",
		  "another user" },
	};
	assert_int_equal(mkdir(".prony", 0755), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct journal *j = NULL;
		struct err e = { 0 };
		if (system(rows[i].make) != 0)
			continue;                    /* only root may give a file away */
		for (int make = 0; make < 2; make++)
			if (journal_open(make, &j, &e) != -EPERM || !strstr(e.text, rows[i].says) || !e.hint[0])
				fail_msg("row %zu: %s", i, e.text);
		assert_int_equal(unlink(".prony/journal.ndjson"), 0);
	}
}

static void
an_undo_is_written_down_whatever_becomes_of_the_copy(void **state)
{
	struct journal *j = opened();
	struct err e = { 0 };

	assert_int_equal(symlink("/dev/full", "journal.ndjson"), 0);
	assert_int_equal(journal_copy_to(j, ".", &e), 0);
	struct journal_entry *entry = journal_add(j, "r/U1", &sample);
	assert_true(journal_note(j, entry, JOURNAL_APPLY, &e) < 0);
	assert_non_null(entry->at);                  /* the journal itself has it */
	note(j, entry, JOURNAL_UNDONE);
	journal_close(j);
	j = opened();
	assert_int_equal(journal_entries(j)->items[0]->event, JOURNAL_UNDONE);
	journal_close(j);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, to_new_folder, leave_folder)

RUN_TESTS(
	cmocka_unit_test(lines_tell_what_is_in_place),
	cmocka_unit_test(a_line_of_somebody_else_is_named),
	cmocka_unit_test(what_cannot_be_written_down_is_refused),
	IN_FOLDER(what_was_noted_is_read_by_the_next),
	IN_FOLDER(a_run_s_copy_keeps_no_secret),
	IN_FOLDER(nobody_else_has_it_meanwhile),
	IN_FOLDER(where_there_is_none_there_is_nothing),
	IN_FOLDER(a_damaged_one_is_not_touched),
	IN_FOLDER(one_that_others_could_have_written_is_refused),
	IN_FOLDER(an_undo_is_written_down_whatever_becomes_of_the_copy),
)

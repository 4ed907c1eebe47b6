/* SPDX-License-Identifier: MIT */
#include "gate/purge/purge_log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "check.h"

static uint64_t
add(struct purge_log *log, enum purge_what what, const char *text, bool from_fleet)
{
	struct purge p = { .what = what, .text = text_of(text), .from_fleet = from_fleet };
	int code;

	uint64_t n = purge_log_add(log, &p, 1795316000 * NS_PER_S, &code);
	assert_int_equal(code, 0);
	return n;
}

/* ---- lines ---- */

static void
lines_are_read_as_written(void **state)
{
	static const struct { struct purge_entry entry; const char *line; } rows[] = {
		{ { 12, 1795316000 * NS_PER_S, { PURGE_TAG, false, false, { "shop-7", 6 } } },
		  "12 2026-11-22T02:53:20Z tag hard shop-7" },
		{ { 1, 0, { PURGE_URL, true, false, { "http://a/b?c", 12 } } },
		  "1 1970-01-01T00:00:00Z url soft http://a/b?c" },
		{ { 999, 0, { PURGE_ALL, true, false, { NULL, 0 } } }, "999 1970-01-01T00:00:00Z all soft" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b = { 0 };
		struct purge_entry got;
		struct text reader;
		purge_line_write(&rows[i].entry, &b);
		assert_int_equal(b.data[b.size - 1], '\n');
		b.data[--b.size] = '\0';
		assert_string_equal(b.data, rows[i].line);
		assert_int_equal(purge_line_read((struct text){ b.data, b.size }, &got, &reader), PURGE_LINE_ENTRY);
		assert_int_equal(got.number, rows[i].entry.number);
		assert_int_equal(got.wall_ns, rows[i].entry.wall_ns);
		assert_int_equal(got.purge.what, rows[i].entry.purge.what);
		assert_int_equal(got.purge.soft, rows[i].entry.purge.soft);
		assert_int_equal(got.purge.text.size, rows[i].entry.purge.text.size);
		assert_memory_equal(got.purge.text.at, rows[i].entry.purge.text.at ? rows[i].entry.purge.text.at : "",
		    got.purge.text.size);
		buf_done(&b);
	}
}

static void
other_lines_are_bad(void **state)
{
	static const char *const bad[] = {
		"", "x", "0 1970-01-01T00:00:00Z all soft", "-1 1970-01-01T00:00:00Z all soft",
		"1 1970-01-01 all soft", "1 1970-01-01T00:00:00Z all", "1 1970-01-01T00:00:00Z all softly",
		"1 1970-01-01T00:00:00Z tag hard", "1 1970-01-01T00:00:00Z tag hard a b",
		"1 1970-01-01T00:00:00Z all hard a", "1 1970-01-01T00:00:00Z some hard a",
		"1234567890123456789 1970-01-01T00:00:00Z all hard", "done", "done fastly", "done fastly x",
		"done  1", "done a -1",
	};
	struct purge_entry got;
	struct text reader;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(purge_line_read(text_of(bad[i]), &got, &reader), PURGE_LINE_BAD);
	assert_int_equal(purge_line_read(text_of("done fastly 7"), &got, &reader), PURGE_LINE_DONE);
	assert_int_equal(got.number, 7);
	assert_int_equal(reader.size, 6);
	assert_int_equal(purge_line_read(text_of("done fastly 0"), &got, &reader), PURGE_LINE_DONE);
	assert_int_equal(got.number, 0);
}

/* ---- readers ---- */

static void
wake(void *ctx)
{
	++*(int *)ctx;
}

static void
a_reader_gets_all_in_order(void **state)
{
	struct purge_log *log;
	struct err e = { 0 };
	struct purge_entry got;
	struct buf text = { 0 };
	int woken = 0;
	struct purge_reader r = { .name = "cdn", .wake = wake, .ctx = &woken };

	assert_int_equal(purge_log_open(NULL, &log, &e), 0);
	assert_int_equal(add(log, PURGE_TAG, "early", false), 1);
	assert_int_equal(purge_log_subscribe(log, &r), 0);
	assert_int_equal(r.done, 1);
	assert_int_equal(purge_log_next(log, r.done, &got, &text), 0);
	assert_int_equal(add(log, PURGE_TAG, "a", false), 2);
	assert_int_equal(add(log, PURGE_ALL, "", true), 3);
	assert_int_equal(woken, 2);
	assert_int_equal(purge_log_next(log, r.done, &got, &text), 1);
	assert_int_equal(got.number, 2);
	assert_string_equal(buf_text(&text), "a");
	assert_int_equal(purge_log_next(log, 2, &got, &text), 1);
	assert_int_equal(got.number, 3);
	assert_int_equal(got.purge.what, PURGE_ALL);
	assert_true(got.purge.from_fleet);
	assert_int_equal(purge_log_next(log, 3, &got, &text), 0);
	purge_log_leave(log, &r);
	add(log, PURGE_TAG, "later", false);
	assert_int_equal(woken, 2);
	buf_done(&text);
	purge_log_close(log);
}

static void
who_falls_behind_is_told(void **state)
{
	struct purge_log *log;
	struct err e = { 0 };
	struct purge_entry got;
	struct buf text = { 0 };

	assert_int_equal(purge_log_open(NULL, &log, &e), 0);
	for (int i = 0; i < PURGE_LOG_KEPT + 10; i++)
		add(log, PURGE_TAG, "t", false);
	assert_int_equal(purge_log_next(log, 9, &got, &text), -ESTALE);
	assert_int_equal(got.number, PURGE_LOG_KEPT + 10);
	assert_int_equal(purge_log_next(log, 10, &got, &text), 1);
	assert_int_equal(got.number, 11);
	assert_int_equal(purge_log_eldest(log), 11);
	buf_done(&text);
	purge_log_close(log);
}

/* ---- the file ---- */

static char *
new_path(char *out)
{
	int fd = mkstemp(strcpy(out, "/tmp/purge-log-XXXXXX"));

	assert_true(fd >= 0);
	close(fd);
	unlink(out);
	return out;
}

static void
what_was_not_carried_on_is_there_after_a_restart(void **state)
{
	char path[32];
	struct purge_log *log;
	struct err e = { 0 };
	struct purge_entry got;
	struct buf text = { 0 };
	int woken = 0;
	struct purge_reader r = { .name = "cdn", .wake = wake, .ctx = &woken };

	new_path(path);
	assert_int_equal(purge_log_open(path, &log, &e), 0);
	assert_int_equal(purge_log_subscribe(log, &r), 0);
	assert_int_equal(r.done, 0);
	add(log, PURGE_TAG, "a", false);
	add(log, PURGE_TAG, "told-by-another", true);
	add(log, PURGE_TAG, "b", false);
	purge_log_done(log, &r, 1);
	purge_log_close(log);

	r = (struct purge_reader){ .name = "cdn", .wake = wake, .ctx = &woken };
	assert_int_equal(purge_log_open(path, &log, &e), 0);
	assert_int_equal(purge_log_subscribe(log, &r), 0);
	assert_int_equal(r.done, 1);
	assert_int_equal(purge_log_next(log, r.done, &got, &text), 1);
	assert_int_equal(got.number, 3);
	assert_string_equal(buf_text(&text), "b");
	assert_int_equal(purge_log_next(log, 3, &got, &text), 0);
	purge_log_done(log, &r, 3);
	assert_int_equal(add(log, PURGE_TAG, "c", false), 4);
	purge_log_close(log);

	struct buf file = { 0 };
	assert_int_equal(file_read(path, 4096, &file, &e), 0);
	assert_non_null(strstr(buf_text(&file), "tag hard c\n"));
	assert_null(strstr(buf_text(&file), "told-by-another"));
	buf_done(&file);
	buf_done(&text);
	unlink(path);
}

/* It had carried on nothing when the gate was killed. */
static void
who_has_just_come_is_not_forgotten(void **state)
{
	char path[32];
	struct purge_log *log;
	struct err e = { 0 };
	struct buf text = { 0 };
	int woken = 0;
	struct purge_reader r = { .name = "cdn", .wake = wake, .ctx = &woken };
	struct purge_entry got;

	new_path(path);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(purge_log_open(path, &log, &e), 0);
		r = (struct purge_reader){ .name = "cdn", .wake = wake, .ctx = &woken };
		assert_int_equal(purge_log_subscribe(log, &r), 0);
		assert_int_equal(r.done, 0);
		assert_int_equal(purge_log_next(log, r.done, &got, &text), i);
		assert_int_equal(purge_log_needless(log), 0);
		if (!i)
			add(log, PURGE_TAG, "a", false);
		purge_log_close(log);
	}
	buf_done(&text);
	unlink(path);
}

/* Two configurations, one after the other. */
static void
two_of_a_name_are_both_woken(void **state)
{
	struct purge_log *log;
	struct err e = { 0 };
	int before = 0, after = 0;
	struct purge_reader a = { .name = "l2", .wake = wake, .ctx = &before };
	struct purge_reader b = { .name = "l2", .wake = wake, .ctx = &after };

	assert_int_equal(purge_log_open(NULL, &log, &e), 0);
	assert_int_equal(purge_log_subscribe(log, &a), 0);
	add(log, PURGE_TAG, "a", false);
	assert_int_equal(purge_log_subscribe(log, &b), 0);
	assert_int_equal(b.done, 0);
	add(log, PURGE_TAG, "b", false);
	assert_true(before == 2 && after == 1);
	purge_log_done(log, &b, 2);
	purge_log_done(log, &a, 1);
	assert_int_equal(purge_log_done_by(log, &a), 2);
	purge_log_leave(log, &b);    /* it could not begin */
	add(log, PURGE_TAG, "c", false);
	assert_true(before == 3 && after == 1);
	purge_log_leave(log, &a);
	purge_log_leave(log, &a);
	add(log, PURGE_TAG, "d", false);
	assert_int_equal(before, 3);
	purge_log_close(log);
}

static void
limit_files(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A limit of files' sizes stands for a full disk. */
static void
a_full_disk_tears_no_line(void **state)
{
	char path[32], tag[600];
	struct purge_log *log;
	struct err e = { 0 };
	struct buf file = { 0 }, text = { 0 };
	struct purge_entry got;
	int code, woken = 0;
	struct purge_reader r = { .name = "cdn", .wake = wake, .ctx = &woken };

	memset(tag, 'x', sizeof(tag));
	signal(SIGXFSZ, SIG_IGN);
	new_path(path);
	assert_int_equal(purge_log_open(path, &log, &e), 0);
	assert_int_equal(purge_log_subscribe(log, &r), 0);   /* so that all is needed */
	add(log, PURGE_TAG, "a", false);
	limit_files(300);
	struct purge p = { .what = PURGE_TAG, .text = { tag, sizeof(tag) } };
	assert_int_equal(purge_log_add(log, &p, 0, &code), 2);
	assert_int_equal(code, -EFBIG);
	assert_int_equal(purge_log_code(log), -EFBIG);
	assert_true(purge_log_renew(log) < 0);
	assert_int_equal(purge_log_next(log, 1, &got, &text), 1);   /* in force, and told */
	assert_int_equal(file_read(path, 4096, &file, &e), 0);
	assert_true(file.size < 300 && file.data[file.size - 1] == '\n');
	limit_files(RLIM_INFINITY);
	assert_int_equal(purge_log_renew(log), 0);
	assert_int_equal(purge_log_code(log), 0);
	add(log, PURGE_TAG, "c", false);
	purge_log_close(log);

	limit_files(300);   /* there is more already: it cannot be written anew */
	assert_int_equal(purge_log_open(path, &log, &e), 0);
	assert_int_equal(purge_log_code(log), -EFBIG);
	assert_int_equal(purge_log_latest(log), 3);
	limit_files(RLIM_INFINITY);
	assert_int_equal(add(log, PURGE_TAG, "d", false), 4);
	assert_int_equal(purge_log_code(log), 0);
	purge_log_leave_file(log);
	add(log, PURGE_TAG, "e", false);   /* somebody else's file */
	purge_log_close(log);
	buf_clear(&file);
	assert_int_equal(file_read(path, 4096, &file, &e), 0);
	assert_non_null(strstr(buf_text(&file), "tag hard d\n"));
	assert_null(strstr(buf_text(&file), "tag hard e\n"));
	buf_done(&file);
	buf_done(&text);
	unlink(path);
}

static void
a_damaged_line_purges_everything(void **state)
{
	static const char damaged[] = "1 1970-01-01T00:00:00Z tag hard a\ndone cdn 1\nnonsense\n"
	                              "3 1970-01-01T00:00:00Z tag hard b\n4 1970-01-01T00:00:00Z tag ha";
	char path[32];
	struct purge_log *log;
	struct err e = { 0 };
	struct purge_entry got;
	struct buf text = { 0 };

	new_path(path);
	assert_int_equal(file_write(path, damaged, sizeof(damaged) - 1, &e), 0);
	assert_int_equal(purge_log_open(path, &log, &e), 0);
	assert_int_equal(purge_log_next(log, 1, &got, &text), 1);
	assert_int_equal(got.purge.what, PURGE_ALL);
	assert_int_equal(got.number, 2);
	assert_int_equal(purge_log_next(log, 2, &got, &text), 1);
	assert_string_equal(buf_text(&text), "b");
	/* the half line was never answered for: its number is free */
	assert_int_equal(purge_log_next(log, 3, &got, &text), 0);
	assert_int_equal(add(log, PURGE_TAG, "c", false), 4);
	purge_log_close(log);
	buf_done(&text);
	unlink(path);
}

static void
a_file_that_cannot_be_is_refused(void **state)
{
	struct purge_log *log;
	struct err e = { 0 };

	assert_true(purge_log_open("/nonexistent/purges", &log, &e) < 0);
	assert_non_null(strstr(e.text, "purge log"));
	assert_true(e.hint[0] != '\0');
}

RUN_TESTS(
    cmocka_unit_test(lines_are_read_as_written),
    cmocka_unit_test(other_lines_are_bad),
    cmocka_unit_test(a_reader_gets_all_in_order),
    cmocka_unit_test(who_falls_behind_is_told),
    cmocka_unit_test(what_was_not_carried_on_is_there_after_a_restart),
    cmocka_unit_test(who_has_just_come_is_not_forgotten),
    cmocka_unit_test(two_of_a_name_are_both_woken),
    cmocka_unit_test(a_full_disk_tears_no_line),
    cmocka_unit_test(a_damaged_line_purges_everything),
    cmocka_unit_test(a_file_that_cannot_be_is_refused))

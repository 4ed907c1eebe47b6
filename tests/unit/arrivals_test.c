/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "load/schedule.h"
#include "check.h"

static const char *const names[] = { "/", "/orders", "GET /a b" };
static char path[64];

static int
make_path(void **state)
{
	snprintf(path, sizeof(path), "arrivals-XXXXXX");
	int fd = mkstemp(path);
	close(fd);
	return fd < 0;
}

static int
remove_path(void **state)
{
	return unlink(path);
}

static int
open_text(const char *text, double speed, struct arrivals **ret, struct err *e)
{
	assert_int_equal(file_write(path, text, strlen(text), e), 0);
	return arrivals_open(path, names, 3, speed, ret, e);
}

static void
lines_are_arrivals(void **state)
{
	static const char text[] = "# from somewhere\n"
	    "0 /orders\n"
	    "\n"
	    "  0.000000001\t1\r\n"
	    "0.25\n"
	    "  # more\n"
	    "0.25 GET /a b\n"
	    "1.1234567899 /\n"
	    "7200.5 2";
	static const struct arrivals_entry wanted[] = {
		{ 0, 1 }, { 1, 1 }, { 250000000, ARRIVALS_IN_TURN }, { 250000000, 2 },
		{ 1123456789, 0 }, { 7200500000000, 2 },
	};
	struct arrivals *a;
	struct err e = { 0 };

	assert_int_equal(open_text(text, 1, &a, &e), 0);
	assert_int_equal(arrivals_summary(a).count, 6);
	assert_int_equal(arrivals_summary(a).last_ns, 7200500000000);
	CHECK_NEAR(arrivals_summary(a).peak_rate, 4, 0);
	struct arrivals_cursor c = arrivals_begin();
	struct arrivals_entry got;
	for (int64_t i = 0; i < 6; i++) {
		assert_true(arrivals_next(a, &c, i, &got));
		assert_int_equal(got.at_ns, wanted[i].at_ns);
		assert_int_equal(got.route, wanted[i].route);
	}
	assert_false(arrivals_next(a, &c, 6, &got));
	c = arrivals_begin();
	assert_true(arrivals_next(a, &c, 3, &got));
	assert_int_equal(got.route, 2);
	arrivals_close(a);
}

static void
speed_divides_times(void **state)
{
	struct arrivals *a;
	struct err e = { 0 };
	struct arrivals_entry got;

	assert_int_equal(open_text("0\n3\n9.000000001\n", 2, &a, &e), 0);
	struct arrivals_cursor c = arrivals_begin();
	assert_true(arrivals_next(a, &c, 1, &got));
	assert_int_equal(got.at_ns, 1500000000);
	assert_int_equal(arrivals_summary(a).last_ns, 4500000001);
	arrivals_close(a);
}

static void
bad_lines_are_named(void **state)
{
	static char longest[3000];
	static const struct { const char *text, *error, *hint; } rows[] = {
		{ "0\nabc /\n", ":2: 'abc /' does not begin with a time", "0.125 /orders" },
		{ "-1\n", ":1: '-1' does not begin", NULL },
		{ "1e3\n", ":1: '1e3' does not begin", NULL },
		{ "1.\n", "does not begin with a time", NULL },
		{ "0.5/orders\n", "does not begin with a time", NULL },
		{ "0\n0.5 /order\n", ":2: '/order' is none of the 3 routes", "did you mean '/orders'" },
		{ "0 3\n", ":1: '3' is none of the 3 routes", "from 0 to 2" },
		{ "0 18446744073709551617\n", "is none of the 3 routes", NULL },
		{ "1700000000.5 /\n", ":1: '1700000000.5 /' is more than 1000000000 seconds", "epoch" },
		{ "99999999999999999999999\n", "is more than", NULL },
		{ "# x\n2 /\n1.9 /\n", ":3: earlier than the arrival before it", "sort -n" },
		{ "# nothing\n\n", "holds no arrivals", "--save-schedule" },
		{ longest, ":1: longer than 2048 bytes", NULL },
	};

	memset(longest, '1', sizeof(longest) - 1);
	longest[1] = '.';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arrivals *a = NULL;
		struct err e = { 0 };
		assert_true(open_text(rows[i].text, 1, &a, &e) < 0);
		assert_int_equal(e.status, STATUS_USAGE);
		if (!strstr(e.text, rows[i].error) || (rows[i].hint && !strstr(e.hint, rows[i].hint)))
			fail_msg("row %zu: '%s', '%s'", i, e.text, e.hint);
	}
	struct arrivals *a = NULL;
	struct err e = { 0 };
	assert_true(arrivals_open("/nonexistent/file", names, 3, 1, &a, &e) < 0);
	assert_non_null(strstr(e.text, "cannot open '/nonexistent/file'"));
	assert_true(arrivals_open("/dev/zero", names, 3, 1, &a, &e) < 0);
}

/* What is saved replays as what it was, for any number of workers. */
static void
saved_schedules_replay(void **state)
{
	static const struct schedule_part parts[] = { { 0, 3000, 2 * NS_PER_S }, { 500, 500, NS_PER_S } };
	static const double weights[] = { 5, 2, 1 };
	struct arena *arena = arena_new();

	for (int poisson = 0; poisson < 2; poisson++) {
		struct schedule s = {
			.parts = parts, .n_parts = 2, .poisson = poisson, .seed = 11, .routes = 3,
			.mix = mix_make(arena, weights, 3),
		};
		struct err e = { 0 };
		struct arrivals *a = NULL;
		assert_int_equal(schedule_save(&s, poisson ? names : NULL, path, &e), 0);
		assert_int_equal(arrivals_open(path, names, 3, 1, &a, &e), 0);
		struct schedule replay = { .recorded = a, .seed = 11, .routes = 3 };
		for (int64_t workers = 1; workers < 4; workers++)
			for (int64_t w = 0; w < workers; w++) {
				struct schedule_reader one = schedule_read(&s, w, workers);
				struct schedule_reader two = schedule_read(&replay, w, workers);
				struct arrival x, y;
				while (schedule_next(&one, &x)) {
					assert_true(schedule_next(&two, &y));
					assert_int_equal(x.index, y.index);
					assert_int_equal(x.at_ns, y.at_ns);
					assert_int_equal(x.route, y.route);
					assert_int_equal(x.seed, y.seed);
				}
				assert_false(schedule_next(&two, &y));
			}
		struct schedule_reader reader = schedule_read(&replay, 0, 1);
		for (int64_t until = 0; until < 3 * NS_PER_S; until += NS_PER_S / 7)
			assert_int_equal(schedule_skip(&reader, until), schedule_count(&s, until));
		assert_int_equal(schedule_count(&replay, NS_PER_S), schedule_count(&s, NS_PER_S));
		assert_int_equal(schedule_count(&replay, INT64_MAX), arrivals_summary(a).count);
		assert_int_equal(schedule_length_ns(&replay), arrivals_summary(a).last_ns + 1);
		arrivals_close(a);
	}
	arena_free(arena);
}

static void
a_file_cut_off_meanwhile_ends_the_schedule(void **state)
{
	struct buf text = { 0 };
	struct arrivals *a;
	struct err e = { 0 };
	struct arrivals_entry got;
	int64_t i = 0;

	for (int k = 0; k < 2000; k++)
		buf_printf(&text, "%d.5 /orders\n", k);
	assert_int_equal(open_text(buf_text(&text), 1, &a, &e), 0);
	struct arrivals_cursor c = arrivals_begin();
	assert_true(arrivals_next(a, &c, i++, &got));
	assert_int_equal(truncate(path, 9000), 0);
	while (arrivals_next(a, &c, i, &got))
		i++;
	assert_in_range(i, 300, 1000);
	arrivals_close(a);
	buf_done(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_path, remove_path)

RUN_TESTS(TEST(lines_are_arrivals), TEST(speed_divides_times), TEST(bad_lines_are_named),
    TEST(saved_schedules_replay), TEST(a_file_cut_off_meanwhile_ends_the_schedule))

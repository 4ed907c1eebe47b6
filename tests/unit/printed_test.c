/* SPDX-License-Identifier: MIT */
#include "experiment/printed.h"

#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static void
shows(const char *text, const char *wanted)
{
	struct buf out = { 0 };

	printed_show_text(text, strlen(text), &out);
	assert_string_equal(buf_text(&out), wanted);
	buf_done(&out);
}

static void
the_last_lines_are_shown(void **state)
{
	shows("", "");
	shows("\n \n\t\n", "");
	shows("one", "\n  | one");
	shows("one\n", "\n  | one");
	shows("Error: no such module\n  at a\n  at b\n  at c\n  at d\n  at e\n}\n",
	    "\n  | Error: no such module\n  |   at c\n  |   at d\n  |   at e\n  | }");
	shows("error 1\nerror 2\n1\n2\n3\n4\n5", "\n  | error 2\n  | 2\n  | 3\n  | 4\n  | 5");
	shows("error 1\n1\n2\n3\n4\nerror 5", "\n  | 1\n  | 2\n  | 3\n  | 4\n  | error 5");
	shows("1\n2\n3\n\n4\n5\n6\n7\n\n", "\n  | 3\n  | 4\n  | 5\n  | 6\n  | 7");
}

static void
a_terminal_obeys_nothing(void **state)
{
	shows("\033[31mred\033[0;1m bold\033[m", "\n  | red bold");
	shows("\033]0;title\007", "\n  | \\x1b]0;title\\x07");
	shows("a\tb\r\n", "\n  | a b");
	shows("50 %\rdone", "\n  | 50 %\\x0ddone");
	shows("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80", "\n  | na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80");
	shows("\xc0\xaf \xff \xed\xa0\x80 \xc2\x9b",
	    "\n  | \\xc0\\xaf \\xff \\xed\\xa0\\x80 \\xc2\\x9b");
	shows("\xe2\x80\xae" "txt", "\n  | \\xe2\\x80\\xaetxt");
	shows("cut \xe2\x82", "\n  | cut \\xe2\\x82");
}

static void
secrets_are_left_out(void **state)
{
	shows("password=hunter2 user=me", "\n  | password=***");
	shows("DB_PASSWORD: hunter2", "\n  | DB_PASSWORD: ***");
	shows("{\"apiKey\": \"abc\"}", "\n  | {\"apiKey\": ***");
	shows("Authorization: Bearer abc", "\n  | Authorization: ***");
	shows("pool: postgres://me:pw@db/shop?x=1 failed", "\n  | pool: postgres://***@db/shop?x=1 failed");
	shows("pool: redis://:p@w@db/0", "\n  | pool: redis://***@db/0");
	shows("listening on http://127.0.0.1:8080/a@b", "\n  | listening on http://127.0.0.1:8080/a@b");
	shows("KeyError: 'port'", "\n  | KeyError: 'port'");
	shows("TypeError: x is not a function", "\n  | TypeError: x is not a function");
}

static void
long_lines_are_cut(void **state)
{
	char text[400], wanted[400];

	memset(text, 'x', 300);
	text[300] = '\0';
	snprintf(wanted, sizeof(wanted), "\n  | %.80s ...", text);
	shows(text, wanted);
	/* Not in the middle of a character. */
	memcpy(text + 79, "\xe2\x82\xac", 3);
	snprintf(wanted, sizeof(wanted), "\n  | %.79s ...", text);
	shows(text, wanted);
}

static void
only_what_counts_is_shown(void **state)
{
	static const char *const words[] = { "in use", NULL };
	struct arena *a = arena_new();
	struct buf out = { 0 };
	struct printed p;
	struct err e = { 0 };

	assert_int_equal(printed_open(NULL, "test", a, &p, &e), 0);
	assert_int_equal(write(p.fd, "Address IN USE\n", 15), 15);
	assert_true(printed_says(&p, words));
	printed_begin(&p);
	assert_false(printed_says(&p, words));
	printed_show(&p, &out);
	assert_string_equal(buf_text(&out), "");
	assert_int_equal(write(p.fd, "new\n", 4), 4);
	printed_show(&p, &out);
	assert_string_equal(buf_text(&out), "\n  | new");
	/* A large one begins again. */
	assert_int_equal(ftruncate(p.fd, 32 << 20), 0);
	printed_bound(&p);
	assert_int_equal(lseek(p.fd, 0, SEEK_END), 0);
	assert_int_equal(write(p.fd, "again\n", 6), 6);
	buf_clear(&out);
	printed_show(&p, &out);
	assert_string_equal(buf_text(&out), "\n  | again");
	printed_close(&p);
	buf_done(&out);
	arena_free(a);
}

RUN_TESTS(cmocka_unit_test(the_last_lines_are_shown), cmocka_unit_test(a_terminal_obeys_nothing),
    cmocka_unit_test(secrets_are_left_out), cmocka_unit_test(long_lines_are_cut),
    cmocka_unit_test(only_what_counts_is_shown))

/* SPDX-License-Identifier: MIT */
/* Titles of servers, as ps shows them. */
#include "base/process_title.h"

#include "check.h"

static void
titles_tell_whom_and_what(void **state)
{
	static const struct { const char *title, *program; uint16_t port, client; const char *database, *doing;
		bool waits; } rows[] = {
		{ "postgres: shop orders 127.0.0.1(45678) UPDATE waiting", "postgres", 0, 45678, "orders", "UPDATE", true },
		{ "postgres: 15/main: shop orders ::1(9) idle in transaction ", "postgres", 0, 9, "orders", "idle in transaction", false },
		{ "postgres: a (1) b 10.0.0.7(5) SELECT", "postgres", 0, 5, "b", "SELECT", false },
		{ "postgres: shop orders 10.0.0.7(5)", "postgres", 0, 5, "orders", "", false },
		{ "postgres: shop orders 10.0.0.7(5) waiting", "postgres", 0, 5, "orders", "waiting", false },
		{ "/usr/bin/redis-server 127.0.0.1:6379", "redis-server", 6379, 0, "", "", false },
		{ "valkey-server *:6380 [cluster]", "valkey-server", 6380, 0, "", "", false },
		{ "redis-server [::1]:6379", "redis-server", 6379, 0, "", "", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct process_title t;
		assert_true(process_title_parse(rows[i].title, &t));
		assert_string_equal(t.program, rows[i].program);
		assert_int_equal(t.port, rows[i].port);
		assert_int_equal(t.client, rows[i].client);
		assert_string_equal(t.database, rows[i].database);
		assert_string_equal(t.doing, rows[i].doing);
		assert_true(t.waits == rows[i].waits);
	}
}

static void
other_titles_tell_nothing(void **state)
{
	static const char *const titles[] = { "", "postgres", "postgres: checkpointer ", "postgres: a b [local] idle",
		"postgres: a b 1.2.3.4(99999) idle", "postgres: a b 1.2.3.4(12", "redis-server", "redis-server a",
		"redis-server a:", "redis-server a:1x", "my-redis-server 1.2.3.4:5", "redis-sentinel *:26379" };
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		struct process_title t;
		assert_false(process_title_parse(titles[i], &t));
	}
}

RUN_TESTS(cmocka_unit_test(titles_tell_whom_and_what), cmocka_unit_test(other_titles_tell_nothing))

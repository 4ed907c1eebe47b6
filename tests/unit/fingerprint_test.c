/* SPDX-License-Identifier: MIT */
#include "base/fingerprint.h"
#include "check.h"

static void
values_go_shapes_stay(void **state)
{
	static const struct { const char *sql, *want; } rows[] = {
		{ "SELECT a FROM t WHERE id = 17", "SELECT a FROM t WHERE id = ?" },
		{ "SELECT a FROM t WHERE n = 'O''Brien' AND x=1.5e-3;", "SELECT a FROM t WHERE n = ? AND x=?" },
		{ "select * from t2 where c1 in (1, 2,3 , 4)", "select * from t2 where c1 in (?)" },
		{ "select 1 -- secret\n from t /* 'x */ where a=?2", "select ? from t where a=?" },
		{ "SELECT  a,\n\tb FROM \"my 1 table\"", "SELECT a, b FROM \"my 1 table\"" },
		{ "INSERT INTO t VALUES (:a, @b, $c, ?)", "INSERT INTO t VALUES (?)" },
		{ "SELECT x::text FROM t", "SELECT x::text FROM t" },
		{ "SELECT 'cut off in the midd", "SELECT ?" },
		{ "SELECT 0x1F", "SELECT ?" },
		{ "INSERT INTO t VALUES (1, 'a'), (2,'b'),(3, 'c') RETURNING f(a)",
		  "INSERT INTO t VALUES (?) RETURNING f(a)" },
		{ "SELECT E'it\\'s secret', e'\\\\' || 'x'", "SELECT ? || ?" },
		{ "SELECT $$a secret$$, $b$ $$x$$ $b$ FROM t", "SELECT ? FROM t" },
		{ "SELECT $1::int, a[1:2] FROM t WHERE j @> $2", "SELECT ?::int, a[?:?] FROM t WHERE j @> ?" },
		{ "SELECT $$cut off", "SELECT ?" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[256];
		fingerprint_sql(rows[i].sql, out, sizeof(out));
		assert_string_equal(out, rows[i].want);
	}
}

static void
output_is_bounded(void **state)
{
	char out[8];
	memset(out, 'x', sizeof(out));
	fingerprint_sql("SELECT everything", out, sizeof(out));
	assert_string_equal(out, "SELECT");
}

static void
commands_keep_the_pattern_of_their_key(void **state)
{
	static const struct { const char *words[3]; const char *want; } rows[] = {
		{ { "hget", "user:17", "name" }, "HGET user:? name" },
		{ { "HGET", "user:17", "alice@example.com" }, "HGET user:? ?.com" },
		{ { "GET", "cart:0f8fad5b-d9cb-469f-a165-70867728950e:lines" }, "GET cart:?:lines" },
		{ { "GET", "etag/9f86d081884c7d659a2feaa0c55ad015" }, "GET etag/?" },
		{ { "GET", "user17:{shard3}" }, "GET user?:{shard?}" },
		{ { "GET", "shop-page-2" }, "GET shop-page-?" },
		{ { "SET", "k", "secret" }, "SET k" },
		{ { "AUTH", "secret" }, "AUTH" },
		{ { "CONFIG", "get", "requirepass" }, "CONFIG GET" },
		{ { "CLIENT", "x1" }, "CLIENT" },
		{ { "EVAL", "return 'secret'" }, "EVAL" },
		{ { "ECHO", "secret" }, "ECHO" },
		{ { "PING" }, "PING" },
		{ { "\1\2", "x" }, "(command)" },
		{ { "GET", "" }, "GET " },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[FINGERPRINT_COMMAND_MAX];
		struct fingerprint_word words[3];
		size_t n = 0;
		for (; n < 3 && rows[i].words[n]; n++)
			words[n] = (struct fingerprint_word){ rows[i].words[n], strlen(rows[i].words[n]) };
		fingerprint_command(words, n, out);
		assert_string_equal(out, rows[i].want);
	}
}

RUN_TESTS(cmocka_unit_test(commands_keep_the_pattern_of_their_key),
    cmocka_unit_test(values_go_shapes_stay), cmocka_unit_test(output_is_bounded))

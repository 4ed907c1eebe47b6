/* SPDX-License-Identifier: MIT */
#include "scenario/expect.h"

#include "base/cleanup.h"
#include "check.h"

static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
    "Server: x\r\n\r\n";
static const char body[] = "{\"count\": 20, \"name\": \"a\\u0062c\", \"ok\": true, \"s\": \"x\"}";

static void
answers_are_judged(void **state)
{
	static const struct { enum scenario_expect_kind kind; const char *name, *value, *reason; } rows[] = {
		{ EXPECT_STATUS, NULL, "200", NULL }, { EXPECT_STATUS, NULL, "2xx", NULL },
		{ EXPECT_STATUS, NULL, "404 2XX", NULL },
		{ EXPECT_STATUS, NULL, "201 3xx", "status 200, expected 201 3xx" },
		{ EXPECT_CONTAINS, NULL, "count", NULL }, { EXPECT_CONTAINS, NULL, "Count", "the body lacks 'Count'" },
		{ EXPECT_LACKS, NULL, "error", NULL }, { EXPECT_LACKS, NULL, "ok", "the body contains 'ok'" },
		{ EXPECT_HEADER, "content-type", "application/json", NULL }, { EXPECT_HEADER, "Server", "x", NULL },
		{ EXPECT_HEADER, "Server", "", NULL },
		{ EXPECT_HEADER, "Server", "xy", "header Server has another value" },
		{ EXPECT_HEADER, "Content-Type", "application", "header Content-Type has another value" },
		{ EXPECT_HEADER, "X-No", "", "header X-No is missing" },
		{ EXPECT_JSON, "/count", "20", NULL }, { EXPECT_JSON, "/name", "abc", NULL },
		{ EXPECT_JSON, "/ok", "true", NULL }, { EXPECT_JSON, "/s", "x", NULL },
		{ EXPECT_JSON, "/count", "2", "/count has another value" },
		{ EXPECT_JSON, "/name", "abd", "/name has another value" },
		{ EXPECT_JSON, "/s", "", "/s has another value" }, { EXPECT_JSON, "/no", "1", "/no is missing" },
		{ EXPECT_BODY_BYTES, NULL, "512", NULL },
		{ EXPECT_BODY_BYTES, NULL, "511", "512 bytes, expected 511" },
	};
	const struct answer answer = { .status = 200, .head = { head, sizeof(head) - 1 },
		.body = { body, sizeof(body) - 1 }, .body_bytes = 512 };
	struct arena *a = arena_new();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct scenario_expect from = { rows[i].kind, rows[i].name, rows[i].value, { 0 } };
		struct expect x;
		struct err e = { 0 };
		char reason[160];
		if (expect_compile(&from, a, &x, &e) < 0)
			fail_msg("row %zu: %s", i, e.text);
		if (expect_holds(&x, &answer) != !rows[i].reason)
			fail_msg("row %zu: %s", i, rows[i].value);
		if (rows[i].reason)
			assert_string_equal(expect_reason(&x, &answer, reason, sizeof(reason)), rows[i].reason);
	}
	arena_free(a);
}

static void
nothing_is_expected_of_nothing(void **state)
{
	static const struct scenario_expect from[] = {
		{ EXPECT_CONTAINS, NULL, "a", { 0 } }, { EXPECT_JSON, "/a", "1", { 0 } },
		{ EXPECT_HEADER, "a", "", { 0 } },
	};
	const struct answer answer = { .status = 204 };
	struct arena *a = arena_new();
	for (size_t i = 0; i < COUNT_OF(from); i++) {
		struct expect x;
		struct err e = { 0 };
		assert_int_equal(expect_compile(&from[i], a, &x, &e), 0);
		assert_false(expect_holds(&x, &answer));
	}
	arena_free(a);
}

static void
mistakes_are_explained(void **state)
{
	static const struct { enum scenario_expect_kind kind; const char *name, *value, *error; } rows[] = {
		{ EXPECT_STATUS, NULL, "", "no status" }, { EXPECT_STATUS, NULL, "20", "'20' is not a status" },
		{ EXPECT_STATUS, NULL, "200 6xx", "'6xx' is not a status" },
		{ EXPECT_STATUS, NULL, "2x0", "'2x0' is not a status" },
		{ EXPECT_STATUS, NULL, "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "not a status" },
		{ EXPECT_CONTAINS, NULL, "", "an empty text" }, { EXPECT_JSON, "a", "", "begins with '/'" },
		{ EXPECT_BODY_BYTES, NULL, "1k", "not a number of bytes" },
		{ EXPECT_BODY_BYTES, NULL, "-1", "not a number of bytes" },
		{ EXPECT_BODY_BYTES, NULL, "", "not a number of bytes" },
	};
	struct arena *a = arena_new();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct scenario_expect from = { rows[i].kind, rows[i].name, rows[i].value, { 0 } };
		struct expect x;
		struct err e = { 0 };
		assert_true(expect_compile(&from, a, &x, &e) < 0);
		if (!strstr(e.text, rows[i].error))
			fail_msg("row %zu: %s", i, e.text);
	}
	arena_free(a);
}

RUN_TESTS(cmocka_unit_test(answers_are_judged), cmocka_unit_test(nothing_is_expected_of_nothing),
    cmocka_unit_test(mistakes_are_explained))

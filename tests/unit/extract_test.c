/* SPDX-License-Identifier: MIT */
#include "scenario/extract.h"

#include "base/cleanup.h"
#include "with_arena.h"

static enum extract_verdict
extract(enum scenario_extract_from from, const char *what, const struct answer *answer,
    struct buf *out)
{
	const struct scenario_extract row = { .variable = "v", .from = from, .what = what };
	CLEANUP(extract_done) struct extract x;
	struct err e = { 0 };

	if (extract_compile(&row, arena, &x, &e) < 0)
		fail_msg("%s: %s", what, e.text);
	return extract_value(&x, answer, out);
}

struct row { const char *what, *text; enum extract_verdict verdict; const char *value; };

static void
check_rows(enum scenario_extract_from from, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_done) struct buf out = { 0 };
		/* An exact copy, so that a read past the end is seen; a regex may see a zero byte there. */
		size_t size = strlen(rows[i].text), room = size + (from == EXTRACT_REGEX || !size);
		CLEANUP(free_p) char *copy = calloc(1, room);
		memcpy(copy, rows[i].text, size);
		const struct view text = { copy, size };
		const struct answer answer = { .head = text, .body = text };
		enum extract_verdict verdict = extract(from, rows[i].what, &answer, &out);
		if (verdict != rows[i].verdict || strcmp(buf_text(&out), rows[i].value) != 0)
			fail_msg("row %zu: %s in %s: %d '%s'", i, rows[i].what, rows[i].text, (int)verdict,
			    buf_text(&out));
	}
}

static void
json_values_are_found(void **state)
{
	static const struct row rows[] = {
		{ "", " 12 ", EXTRACT_FOUND, "12" }, { "", "\"a\"", EXTRACT_FOUND, "a" },
		{ "", "[1, {\"a\" : []}]x", EXTRACT_FOUND, "[1, {\"a\" : []}]" },
		{ "/a", "{\"a\":1}", EXTRACT_FOUND, "1" }, { "/a", "{\"b\":1,\"a\":true}", EXTRACT_FOUND, "true" },
		{ "/a/b", "{\"a\":{\"b\":null}}", EXTRACT_FOUND, "null" },
		{ "/items/1/id", "{\"n\":[[],{}],\"items\":[{\"id\":1},{\"id\":\"x\"}]}", EXTRACT_FOUND, "x" },
		{ "/a", "{\"a\":1,\"a\":2}", EXTRACT_FOUND, "1" }, { "/", "{\"\":7}", EXTRACT_FOUND, "7" },
		{ "/a~1b/c~0d", "{\"a/b\":{\"c~d\":3}}", EXTRACT_FOUND, "3" },
		{ "/caf\xc3\xa9", "{\"caf\\u00e9\":1}", EXTRACT_FOUND, "1" },
		{ "/0", "[-0.5e+3,2]", EXTRACT_FOUND, "-0.5e+3" }, { "/1", "[ 1 , 2 ]", EXTRACT_FOUND, "2" },
		{ "/2", "[1,2]", EXTRACT_ABSENT, "" }, { "/00", "[1,2]", EXTRACT_ABSENT, "" },
		{ "/-", "[1]", EXTRACT_ABSENT, "" }, { "/x", "[1]", EXTRACT_ABSENT, "" },
		{ "/0", "[]", EXTRACT_ABSENT, "" }, { "/a", "{}", EXTRACT_ABSENT, "" },
		{ "/a", "1", EXTRACT_ABSENT, "" }, { "/a/b", "{\"a\":1}", EXTRACT_ABSENT, "" },
		{ "/0", "{\"0\":5}", EXTRACT_FOUND, "5" },
		{ "/a", "", EXTRACT_BAD, "" }, { "", "", EXTRACT_BAD, "" }, { "/a", "<html>", EXTRACT_BAD, "" },
		{ "/b", "{\"a\":01,\"b\":1}", EXTRACT_BAD, "" }, { "/b", "{\"a\":1.,\"b\":1}", EXTRACT_BAD, "" },
		{ "/b", "{\"a\":+1,\"b\":1}", EXTRACT_BAD, "" }, { "/b", "{\"a\":1e,\"b\":1}", EXTRACT_BAD, "" },
		{ "/b", "{\"a\":\"\n\",\"b\":1}", EXTRACT_BAD, "" }, { "/b", "{\"a\":\"\\x\",\"b\":1}", EXTRACT_BAD, "" },
		{ "/b", "{\"a\":\"\\u12g4\",\"b\":1}", EXTRACT_BAD, "" }, { "/b", "{\"a\":tru,\"b\":1}", EXTRACT_BAD, "" },
		{ "/b", "{\"a\":[1,],\"b\":1}", EXTRACT_BAD, "" }, { "/b", "{\"a\":{\"x\"},\"b\":1}", EXTRACT_BAD, "" },
		{ "/b", "{\"a\":[1}],\"b\":1}", EXTRACT_BAD, "" }, { "/b", "{\"a\":1 \"b\":1}", EXTRACT_BAD, "" },
		{ "/b", "{\"a\":1,}", EXTRACT_BAD, "" }, { "/b", "{a:1}", EXTRACT_BAD, "" },
		{ "/a", "{\"a\":", EXTRACT_BAD, "" }, { "/a", "{\"a\":\"x", EXTRACT_BAD, "" },
		{ "/a", "{\"a\":\"x\\", EXTRACT_BAD, "" }, { "/a", "{\"a\":\"\\u00", EXTRACT_BAD, "" },
		{ "/1", "[1", EXTRACT_BAD, "" }, { "/1", "[1,", EXTRACT_BAD, "" },
	};
	check_rows(EXTRACT_JSON, rows, COUNT_OF(rows));
}

static void
json_texts_lose_their_escapes(void **state)
{
	static const struct row rows[] = {
		{ "", "\"a\\n\\t\\\"\\\\\\/\\b\\f\\r\"", EXTRACT_FOUND, "a\n\t\"\\/\b\f\r" },
		{ "", "\"\\u0041\\u00e9\\u20AC\"", EXTRACT_FOUND, "A\xc3\xa9\xe2\x82\xac" },
		{ "", "\"\\ud83d\\ude00\"", EXTRACT_FOUND, "\xf0\x9f\x98\x80" },
		{ "", "\"\\ud83dx\\ude00\"", EXTRACT_FOUND, "\xef\xbf\xbdx\xef\xbf\xbd" },
		{ "", "\"\\ud83d\\u0041\"", EXTRACT_FOUND, "\xef\xbf\xbd" "A" }, { "", "\"\"", EXTRACT_FOUND, "" },
	};
	check_rows(EXTRACT_JSON, rows, COUNT_OF(rows));
}

static void
json_depth_is_bounded(void **state)
{
	for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
		CLEANUP(buf_done) struct buf text = { 0 }, out = { 0 };
		buf_puts(&text, "{\"a\":");
		for (size_t i = 1; i < depth; i++)
			buf_putc(&text, '[');
		for (size_t i = 1; i < depth; i++)
			buf_putc(&text, ']');
		buf_puts(&text, ",\"b\":1}");
		const struct answer answer = { .body = { text.data, text.size } };
		assert_int_equal(extract(EXTRACT_JSON, "/b", &answer, &out),
		    depth == JSON_DEPTH_MAX ? EXTRACT_FOUND : EXTRACT_BAD);
	}
}

static void
headers_are_found(void **state)
{
	static const struct row rows[] = {
		{ "x-token", "HTTP/1.1 200 OK\r\nA: b\r\nX-Token:  t k \r\nX-Token: 2\r\n\r\n", EXTRACT_FOUND, "t k" },
		{ "A", "HTTP/1.1 200 OK\nA:b", EXTRACT_FOUND, "b" }, { "A", "HTTP/1.1 200\r\nA:\r\n", EXTRACT_FOUND, "" },
		{ "A", "HTTP/1.1 200 OK\r\nAB: c\r\nA : d\r\n\r\n", EXTRACT_ABSENT, "" },
		{ "HTTP/1.1 200 OK", "HTTP/1.1 200 OK: x\r\n\r\n", EXTRACT_ABSENT, "" }, { "A", "", EXTRACT_ABSENT, "" },
	};
	check_rows(EXTRACT_HEADER, rows, COUNT_OF(rows));
}

static void
patterns_are_matched(void **state)
{
	static const struct row rows[] = {
		{ "id=[0-9]+", "a id=12 b id=13", EXTRACT_FOUND, "id=12" },
		{ "id=([0-9]+)&(.)", "id=12&x", EXTRACT_FOUND, "12" }, { "a(x)?b", "ab", EXTRACT_ABSENT, "" },
		{ "([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})", "id 2f1e4fc0-81fd-4b76-9fc1-1a2b3c4d5e6f",
		    EXTRACT_FOUND, "2f1e4fc0-81fd-4b76-9fc1-1a2b3c4d5e6f" },
		{ "([][:alpha:]{]{2,99})\\{1\\}", "]a{1}", EXTRACT_FOUND, "]a" },
		{ "([][:alpha:]{]{2,99})\\{1\\}", "]a{{1}", EXTRACT_FOUND, "]a{" },
		{ "z", "abc", EXTRACT_ABSENT, "" }, { "^$", "", EXTRACT_FOUND, "" },
		{ "name=\"t\" value=\"([^\"]*)\"", "<input name=\"t\" value=\"a b\">", EXTRACT_FOUND, "a b" },
	};
	check_rows(EXTRACT_REGEX, rows, COUNT_OF(rows));
}

static void
long_values_are_refused(void **state)
{
	CLEANUP(buf_done) struct buf text = { 0 }, out = { 0 };

	for (size_t i = 0; i <= EXTRACT_VALUE_MAX; i++)
		buf_putc(&text, 'x');
	struct answer answer = { .body = { text.data, text.size } };
	assert_int_equal(extract(EXTRACT_REGEX, "x+", &answer, &out), EXTRACT_TOO_LONG);
	assert_int_equal(out.size, 0);
	answer.body.size--;
	assert_int_equal(extract(EXTRACT_REGEX, "x+", &answer, &out), EXTRACT_FOUND);
	assert_int_equal(out.size, EXTRACT_VALUE_MAX);
}

static void
bad_pointers_and_patterns_are_explained(void **state)
{
	static const struct { enum scenario_extract_from from; const char *what, *error; } rows[] = {
		{ EXTRACT_JSON, "a", "begins with '/'" }, { EXTRACT_JSON, "/a~2", "'~' in the JSON pointer" },
		{ EXTRACT_JSON, "/a~", "'~' in the JSON pointer" }, { EXTRACT_REGEX, "(", "not a regular" },
		{ EXTRACT_REGEX, "(a)\\1", "back references" }, { EXTRACT_REGEX, "(a{9,999}){999}", "too large" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct scenario_extract row = { .variable = "v", .from = rows[i].from, .what = rows[i].what };
		CLEANUP(extract_done) struct extract x;
		struct err e = { 0 };
		assert_true(extract_compile(&row, arena, &x, &e) < 0);
		if (!strstr(e.text, rows[i].error))
			fail_msg("row %zu: %s", i, e.text);
	}
}

RUN_TESTS(
	WITH_ARENA(json_values_are_found),
	WITH_ARENA(json_texts_lose_their_escapes),
	WITH_ARENA(json_depth_is_bounded),
	WITH_ARENA(headers_are_found),
	WITH_ARENA(patterns_are_matched),
	WITH_ARENA(long_values_are_refused),
	WITH_ARENA(bad_pointers_and_patterns_are_explained))

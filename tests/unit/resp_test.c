/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "net/resp.h"
#include "check.h"

struct row {
	const char *bytes;
	size_t size;             /* 0: as a text */
	enum resp_verdict verdict;
	enum resp_kind kind;
	int64_t integer, values, string_bytes;
	const char *kept, *error;
	int errors;
	size_t rest;             /* bytes that are not of this reply */
};

#define LINE32 "0123456789abcdef0123456789abcdef"

static const struct row rows[] = {
	/* RESP2 */
	{ "+OK\r\n", 0, RESP_DONE, RESP_SIMPLE, 0, 1, 2, "OK" },
	{ "+\r\n", 0, RESP_DONE, RESP_SIMPLE, 0, 1, 0, "" },
	{ "+OK\r\n+OK\r\n", 0, RESP_DONE, RESP_SIMPLE, 0, 1, 2, "OK", .rest = 5 },
	{ "-ERR no\r\n", 0, RESP_DONE, RESP_ERROR, 0, 1, 0, "", "ERR no", 1 },
	{ "-E \x01\xff\r\n", 0, RESP_DONE, RESP_ERROR, 0, 1, 0, "", "E ??", 1 },
	{ "-" LINE32 LINE32 LINE32 LINE32 "more\r\n", 0, RESP_DONE, RESP_ERROR, 0, 1, 0, "",
	  LINE32 LINE32 LINE32 LINE32, 1 },
	{ ":0\r\n", 0, RESP_DONE, RESP_INTEGER, 0, 1 },
	{ ":+7\r\n", 0, RESP_DONE, RESP_INTEGER, 7, 1 },
	{ ":-7\r\n", 0, RESP_DONE, RESP_INTEGER, -7, 1 },
	{ ":9223372036854775807\r\n", 0, RESP_DONE, RESP_INTEGER, INT64_MAX, 1 },
	{ ":-9223372036854775808\r\n", 0, RESP_DONE, RESP_INTEGER, INT64_MIN, 1 },
	{ "$5\r\nhello\r\n", 0, RESP_DONE, RESP_BULK, 0, 1, 5, "hello" },
	{ "$0\r\n\r\n", 0, RESP_DONE, RESP_BULK, 0, 1, 0, "" },
	{ "$4\r\n\r\n\0x\r\n", 10, RESP_DONE, RESP_BULK, 0, 1, 4, "\r\n" },
	{ "$-1\r\n", 0, RESP_DONE, RESP_NULL, 0, 1 },
	{ "*-1\r\n", 0, RESP_DONE, RESP_NULL, 0, 1 },
	{ "*0\r\nx", 0, RESP_DONE, RESP_ARRAY, .rest = 1 },
	{ "*2\r\n$3\r\nfoo\r\n$3\r\nbar\r\n", 0, RESP_DONE, RESP_ARRAY, 0, 2, 6, "foo" },
	{ "*3\r\n:1\r\n*2\r\n+a\r\n*0\r\n$-1\r\n", 0, RESP_DONE, RESP_ARRAY, 0, 3, 1, "a" },
	{ "*2\r\n:1\r\n*2\r\n:2\r\n*1\r\n:3\r\n:4\r\n", 0, RESP_DONE, RESP_ARRAY, 0, 3, .rest = 4 },
	{ "*3\r\n+OK\r\n-ERR a\r\n-ERR b\r\n", 0, RESP_DONE, RESP_ARRAY, 0, 3, 2, "OK", "ERR a", 2 },
	/* RESP3 */
	{ "_\r\n", 0, RESP_DONE, RESP_NULL, 0, 1 },
	{ "#t\r\n", 0, RESP_DONE, RESP_BOOL, 1, 1 },
	{ "#f\r\n", 0, RESP_DONE, RESP_BOOL, 0, 1 },
	{ ",3.14\r\n", 0, RESP_DONE, RESP_DOUBLE, 0, 1 },
	{ ",-1.5e-7\r\n", 0, RESP_DONE, RESP_DOUBLE, 0, 1 },
	{ ",10\r\n", 0, RESP_DONE, RESP_DOUBLE, 0, 1 },
	{ ",1E+300\r\n", 0, RESP_DONE, RESP_DOUBLE, 0, 1 },
	{ ",inf\r\n", 0, RESP_DONE, RESP_DOUBLE, 0, 1 },
	{ ",-inf\r\n", 0, RESP_DONE, RESP_DOUBLE, 0, 1 },
	{ ",nan\r\n", 0, RESP_DONE, RESP_DOUBLE, 0, 1 },
	{ "(3492890328409238509324850943850943825024385\r\n", 0, RESP_DONE, RESP_BIG, 0, 1 },
	{ "(-34\r\n", 0, RESP_DONE, RESP_BIG, 0, 1 },
	{ "!21\r\nSYNTAX invalid syntax\r\n", 0, RESP_DONE, RESP_ERROR, 0, 1, 0, "",
	  "SYNTAX invalid syntax", 1 },
	{ "=8\r\ntxt:some\r\n", 0, RESP_DONE, RESP_VERBATIM, 0, 1, 8, "some" },
	{ "=4\r\nmkd:\r\n", 0, RESP_DONE, RESP_VERBATIM, 0, 1, 4, "" },
	{ "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n", 0, RESP_DONE, RESP_MAP, 0, 4, 2, "a" },
	{ "%0\r\n", 0, RESP_DONE, RESP_MAP },
	{ "~2\r\n:1\r\n_\r\n", 0, RESP_DONE, RESP_SET, 0, 2 },
	{ ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n:1\r\n", 0, RESP_PUSHED, RESP_PUSH, 0, 2, 11,
	  "invalidate", .rest = 4 },
	/* Attributes are nothing of the reply's. */
	{ "|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n", 0, RESP_DONE, RESP_BULK, 0, 1, 1, "v" },
	{ "|1\r\n+e\r\n-ERR not this\r\n:5\r\n", 0, RESP_DONE, RESP_INTEGER, 5, 1 },
	{ "|0\r\n:5\r\n", 0, RESP_DONE, RESP_INTEGER, 5, 1 },
	{ "*2\r\n:1\r\n|1\r\n+a\r\n%1\r\n:1\r\n:2\r\n:3\r\n", 0, RESP_DONE, RESP_ARRAY, 0, 2 },
	{ "*1\r\n|1\r\n+a\r\n|1\r\n:1\r\n:2\r\n+b\r\n*1\r\n+c\r\n", 0, RESP_DONE, RESP_ARRAY, 0, 1, 1, "c" },
	{ "|1\r\n+a\r\n:1\r\n>1\r\n:2\r\n", 0, RESP_PUSHED, RESP_PUSH, 0, 1 },
	/* not whole */
	{ "+OK", 0, RESP_MORE },
	{ "+OK\r", 0, RESP_MORE },
	{ "$5\r\nhello", 0, RESP_MORE },
	{ "$5\r\nhello\r", 0, RESP_MORE },
	{ "*2\r\n:1\r\n", 0, RESP_MORE },
	{ "|1\r\n+a\r\n:1\r\n", 0, RESP_MORE },
	{ "*268435456\r\n", 0, RESP_MORE },
	{ "$536870912\r\n", 0, RESP_MORE },
	/* wrong */
	{ "HTTP/1.1 400 Bad Request\r\n", 0, RESP_BAD },
	{ "OK\r\n", 0, RESP_BAD },
	{ "\r\n", 0, RESP_BAD },
	{ "\0", 1, RESP_BAD },
	{ "+OK\n", 0, RESP_BAD },
	{ "+a\rb\r\n", 0, RESP_BAD },
	{ "+a\nb\r\n", 0, RESP_BAD },
	{ ":\r\n", 0, RESP_BAD },
	{ ":-\r\n", 0, RESP_BAD },
	{ ":1a\r\n", 0, RESP_BAD },
	{ ":1-\r\n", 0, RESP_BAD },
	{ ": 1\r\n", 0, RESP_BAD },
	{ ":9223372036854775808\r\n", 0, RESP_BAD },
	{ ":-9223372036854775809\r\n", 0, RESP_BAD },
	{ ":00000000000000000000\r\n", 0, RESP_BAD },
	{ "$\r\n", 0, RESP_BAD },
	{ "$-2\r\n", 0, RESP_BAD },
	{ "$-\r\n", 0, RESP_BAD },
	{ "$?\r\n", 0, RESP_BAD },
	{ "*?\r\n", 0, RESP_BAD },
	{ "%-1\r\n", 0, RESP_BAD },
	{ "!-1\r\n", 0, RESP_BAD },
	{ "$3\r\nabcd\r\n", 0, RESP_BAD },
	{ "$3\r\nabc\n\n", 0, RESP_BAD },
	{ "$3\r\nabc\rx", 0, RESP_BAD },
	{ "$536870913\r\n", 0, RESP_BAD },
	{ "*268435457\r\n", 0, RESP_BAD },
	{ "_x\r\n", 0, RESP_BAD },
	{ "#\r\n", 0, RESP_BAD },
	{ "#x\r\n", 0, RESP_BAD },
	{ "#tt\r\n", 0, RESP_BAD },
	{ ",\r\n", 0, RESP_BAD },
	{ ",-\r\n", 0, RESP_BAD },
	{ ",.5\r\n", 0, RESP_BAD },
	{ ",1e\r\n", 0, RESP_BAD },
	{ ",1.5x\r\n", 0, RESP_BAD },
	{ ",1\0" "5\r\n", 6, RESP_BAD },
	{ ",infinity\r\n", 0, RESP_BAD },
	{ "," LINE32 "\r\n", 0, RESP_BAD },
	{ "(\r\n", 0, RESP_BAD },
	{ "(+\r\n", 0, RESP_BAD },
	{ "(12a\r\n", 0, RESP_BAD },
	{ "=3\r\ntxt\r\n", 0, RESP_BAD },
	{ "=6\r\ntextmo\r\n", 0, RESP_BAD },
	{ "*1\r\n>1\r\n:1\r\n", 0, RESP_BAD },
};

static size_t
row_size(const struct row *r)
{
	return r->size ? r->size : strlen(r->bytes);
}

static enum resp_verdict
feed(struct resp *p, const struct row *r, size_t piece, struct buf *keep, size_t *ret_used)
{
	enum resp_verdict v = RESP_MORE;
	size_t size = row_size(r), used;

	*ret_used = 0;
	buf_clear(keep);
	resp_start(p, keep);
	while (v == RESP_MORE && *ret_used < size) {
		size_t n = size - *ret_used < piece ? size - *ret_used : piece;
		/* A copy of its own, so that a sanitizer sees a step outside. */
		char *copy = malloc(n);
		memcpy(copy, r->bytes + *ret_used, n);
		v = resp_feed(p, copy, n, &used);
		free(copy);
		assert_true(used <= n && (v != RESP_MORE || used == n));
		*ret_used += used;
	}
	return v;
}

static void
replies_read_alike_in_pieces_of_any_size(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 64, 100000 };
	struct resp p = { 0 };
	struct buf keep = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			const struct row *r = &rows[i];
			size_t used;
			enum resp_verdict v = feed(&p, r, pieces[k], &keep, &used);
			if (v != r->verdict)
				fail_msg("row %zu, pieces of %zu: verdict %d (%s)", i, pieces[k], v, p.why);
			assert_true((v == RESP_BAD) == (p.why != NULL));
			if (v != RESP_DONE && v != RESP_PUSHED)
				continue;
			if (p.kind != r->kind || p.values != r->values)
				fail_msg("row %zu: kind %d, %d values", i, p.kind, (int)p.values);
			assert_int_equal(p.integer, r->integer);
			assert_int_equal(p.string_bytes, r->string_bytes);
			assert_string_equal(buf_text(&keep), r->kept ? r->kept : "");
			assert_string_equal(p.error, r->error ? r->error : "");
			assert_int_equal(p.errors, r->errors);
			assert_int_equal(row_size(r) - used, r->rest);
		}
	}
	buf_done(&keep);
}

static void
a_kept_string_ends_at_the_cap(void **state)
{
	static const struct row r = { "*2\r\n$8\r\n01234567\r\n$2\r\nab\r\n" };
	struct resp p = { 0 };
	struct buf keep = { .cap_bytes = 4 };
	size_t used;

	for (size_t piece = 1; piece < 20; piece++) {
		assert_int_equal(feed(&p, &r, piece, &keep, &used), RESP_DONE);
		assert_string_equal(buf_text(&keep), "0123");
		assert_true(keep.truncated);
	}
	buf_done(&keep);
	/* Without a buffer nothing is kept. */
	resp_start(&p, NULL);
	assert_int_equal(resp_feed(&p, r.bytes, strlen(r.bytes), &used), RESP_DONE);
	assert_int_equal(p.string_bytes, 10);
}

/* Feed `again` until it is refused; how many bytes did that take? */
static size_t
refused_after(const char *head, const char *again, size_t most)
{
	struct resp p = { 0 };
	size_t used, fed = 0;

	resp_start(&p, NULL);
	enum resp_verdict v = resp_feed(&p, head, strlen(head), &used);
	while (v == RESP_MORE && fed < most) {
		v = resp_feed(&p, again, strlen(again), &used);
		fed += strlen(again);
	}
	return v == RESP_BAD ? fed : SIZE_MAX;
}

static void
depth_and_lines_are_bounded(void **state)
{
	assert_int_equal(refused_after("", "*1\r\n", 1 << 20), 4 * (RESP_DEPTH_MAX + 1));
	assert_int_equal(refused_after("", "|1\r\n", 1 << 20), 4 * (RESP_DEPTH_MAX + 1));
	assert_true(refused_after("+", "xxxxxxxx", 1 << 20) <= RESP_LINE_MAX + 8);
	assert_true(refused_after("-", "xxxxxxxx", 1 << 20) <= RESP_LINE_MAX + 8);
	assert_true(refused_after("(", "11111111", 1 << 20) <= RESP_LINE_MAX + 8);
	assert_true(refused_after("$", "00000000", 1 << 20) <= 24);
	/* A long array is no endless line, and empty arrays take no depth. */
	assert_true(refused_after("*1000000\r\n", "+x\r\n", 1 << 20) == SIZE_MAX);
	assert_true(refused_after("*1000000\r\n", "*0\r\n", 1 << 20) == SIZE_MAX);
}

static void
commands_are_arrays_of_bulk_strings(void **state)
{
	struct buf out = { 0 };

	resp_command(&out, (struct resp_word[]){ { "SET", 3 }, { "k\r\n", 3 }, { NULL, 0 },
	    { "0123456789", 10 } }, 4);
	assert_string_equal(out.data,
	    "*4\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$0\r\n\r\n$10\r\n0123456789\r\n");
	buf_clear(&out);
	resp_hello(&out, NULL, NULL);
	assert_string_equal(out.data, "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
	buf_clear(&out);
	resp_hello(&out, NULL, "pw");
	assert_string_equal(out.data,
	    "*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$2\r\npw\r\n");
	buf_clear(&out);
	resp_auth(&out, NULL, "pw");
	assert_string_equal(out.data, "*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n");
	buf_clear(&out);
	resp_auth(&out, "me", "");
	assert_string_equal(out.data, "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$0\r\n\r\n");
	buf_clear(&out);
	resp_select(&out, 12);
	assert_string_equal(out.data, "*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n");
	buf_done(&out);
}

RUN_TESTS(cmocka_unit_test(replies_read_alike_in_pieces_of_any_size),
    cmocka_unit_test(a_kept_string_ends_at_the_cap),
    cmocka_unit_test(depth_and_lines_are_bounded),
    cmocka_unit_test(commands_are_arrays_of_bulk_strings))

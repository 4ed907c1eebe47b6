/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "net/http1.h"
#include "check.h"

#define OK "HTTP/1.1 200 OK\r\n"

struct row {
	const char *bytes;
	enum http1_verdict verdict;
	int status;
	int64_t body;
	bool keep_alive;
	size_t rest;             /* bytes that are not of this response */
	bool head;
};

static const struct row rows[] = {
	{ OK "Content-Length: 3\r\n\r\nabc", HTTP1_DONE, 200, 3, true },
	{ OK "Content-Length:3\r\n\r\nabcX", HTTP1_DONE, 200, 3, true, 1 },
	{ OK "content-length: \t 3 \t\r\n\r\nabc", HTTP1_DONE, 200, 3, true },
	{ OK "Content-Length: 0\r\n\r\n", HTTP1_DONE, 200, 0, true },
	{ OK "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", HTTP1_DONE, 200, 3, true },
	{ OK "Content-Length: 3\r\nConnection: close\r\n\r\nabc", HTTP1_DONE, 200, 3, false },
	{ OK "Content-Length: 3\r\nConnection: x , Close\r\n\r\nabc", HTTP1_DONE, 200, 3, false },
	{ "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", HTTP1_DONE, 200, 0, true },
	{ "HTTP/1.1 200 OK\nContent-Length: 1\n\na", HTTP1_DONE, 200, 1, true },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", HTTP1_DONE, 200, 1, false },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\na", HTTP1_DONE, 200,
	  1, true },
	{ "HTTP/1.1 204 No\r\n\r\n", HTTP1_DONE, 204, 0, true },
	{ "HTTP/1.1 304 Same\r\nContent-Length: 10\r\n\r\n", HTTP1_DONE, 304, 0, true },
	{ OK "Content-Length: 10\r\n\r\n", HTTP1_DONE, 200, 0, true, 0, true },
	{ "HTTP/1.1 503 Busy\r\nContent-Length: 1\r\n\r\na", HTTP1_DONE, 503, 1, true },
	{ "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Hint\r\nLink: x\r\n\r\n" OK "Content-Length: 1\r\n\r\na",
	  HTTP1_DONE, 200, 1, true },
	{ OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\n\r\n",
	  HTTP1_DONE, 200, 13, true },
	{ OK "Transfer-Encoding: Chunked\r\n\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\nrest",
	  HTTP1_DONE, 200, 0, true, 4 },
	{ OK "\r\nuntil the end", HTTP1_MORE, 200, 13, false },
	{ OK "Content-Length: 30\r\n\r\nabc", HTTP1_MORE, 200, 3, true },
	{ OK "X: y\r\n", HTTP1_MORE, 200, 0, true },
	{ "HTTP/1.", HTTP1_MORE },

	{ "HTTP/2 200\r\n\r\n", HTTP1_BAD },
	{ "HTTP/1.2 200 OK\r\n\r\n", HTTP1_BAD },
	{ "HTTP/1.1 20x OK\r\n\r\n", HTTP1_BAD },
	{ "HTTP/1.1 099 OK\r\n\r\n", HTTP1_BAD },
	{ "HTTP/1.1 600 OK\r\n\r\n", HTTP1_BAD },
	{ "HTTP/1.1 2000\r\n\r\n", HTTP1_BAD },
	{ "HTTP/1.1  200 OK\r\n\r\n", HTTP1_BAD },
	{ "SSH-2.0-x\r\n", HTTP1_BAD },
	{ "\x15\x03\x01", HTTP1_BAD },
	{ OK "Content-Length: -1\r\n\r\n", HTTP1_BAD },
	{ OK "Content-Length: 1,1\r\n\r\n", HTTP1_BAD },
	{ OK "Content-Length: \r\n\r\n", HTTP1_BAD },
	{ OK "Content-Length: 9999999999999999999\r\n\r\n", HTTP1_BAD },
	{ OK "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", HTTP1_BAD },
	{ OK "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_BAD },
	{ OK "Transfer-Encoding: gzip, chunked\r\n\r\n", HTTP1_BAD },
	{ OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_BAD },
	{ "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_BAD },
	{ OK "No colon\r\n\r\n", HTTP1_BAD },
	{ OK "Name : x\r\n\r\n", HTTP1_BAD },
	{ OK ": x\r\n\r\n", HTTP1_BAD },
	{ OK "A: b\r\n folded\r\n\r\n", HTTP1_BAD },
	{ OK "A: b\rc\r\n\r\n", HTTP1_BAD },
	{ OK "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", HTTP1_BAD },
	{ OK "Transfer-Encoding: chunked\r\n\r\n\r\n", HTTP1_BAD },
	{ OK "Transfer-Encoding: chunked\r\n\r\n-3\r\n", HTTP1_BAD },
	{ OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", HTTP1_BAD },
	{ OK "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", HTTP1_BAD },
	{ "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", HTTP1_BAD },
};

static enum http1_verdict
feed(struct http1 *p, const struct row *r, size_t piece, size_t *ret_used)
{
	enum http1_verdict v = HTTP1_MORE;
	size_t size = strlen(r->bytes), used;

	*ret_used = 0;
	http1_start(p, r->head);
	while (v == HTTP1_MORE && *ret_used < size) {
		size_t n = size - *ret_used < piece ? size - *ret_used : piece;
		/* A copy of its own, so that a sanitizer sees a step outside. */
		char *copy = malloc(n);
		memcpy(copy, r->bytes + *ret_used, n);
		v = http1_feed(p, copy, n, &used);
		free(copy);
		assert_true(used <= n && (v != HTTP1_MORE || used == n));
		*ret_used += used;
	}
	return v;
}

static void
responses_read_alike_in_pieces_of_any_size(void **state)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 64, 100000 };
	struct http1 p = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			const struct row *r = &rows[i];
			size_t used;
			enum http1_verdict v = feed(&p, r, pieces[k], &used);
			if (v != r->verdict)
				fail_msg("row %zu, pieces of %zu: verdict %d (%s)", i, pieces[k], v, p.why);
			if (v == HTTP1_BAD) {
				assert_non_null(p.why);
				continue;
			}
			assert_int_equal(p.status, r->status);
			assert_int_equal(p.body_bytes, r->body);
			assert_int_equal(p.keep_alive, r->keep_alive);
			if (v == HTTP1_DONE)
				assert_int_equal(strlen(r->bytes) - used, r->rest);
		}
	}
	http1_done(&p);
}

static void
headers_are_kept(void **state)
{
	static const struct row r = {
		OK "Content-Type: text/html; charset=utf-8\r\nContent-Encoding: gzip\r\nX: y\r\n"
		"Content-Length: 1\r\n\r\na",
	};
	static const struct row next = { OK "Content-Length: 1\r\n\r\na" };
	struct http1 p = { 0 };
	size_t used;

	assert_int_equal(feed(&p, &r, 5, &used), HTTP1_DONE);
	assert_string_equal(p.content_type, "text/html; charset=utf-8");
	assert_string_equal(p.content_encoding, "gzip");
	assert_int_equal(feed(&p, &next, 5, &used), HTTP1_DONE);
	assert_string_equal(p.content_type, "");
	http1_done(&p);
}

static void
the_end_of_the_stream_ends_only_what_has_no_length(void **state)
{
	static const struct { struct row row; enum http1_verdict end; bool begun; } cases[] = {
		{ { OK "\r\nuntil the end" }, HTTP1_DONE, true },
		{ { OK "\r\n" }, HTTP1_DONE, true },
		{ { OK "Content-Length: 5\r\n\r\nabc" }, HTTP1_MORE, true },
		{ { OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc" }, HTTP1_MORE, true },
		{ { OK "X: y" }, HTTP1_MORE, true },
		{ { "H" }, HTTP1_MORE, true },
		{ { "HTTP/1.1 100 Go\r\n\r\n" }, HTTP1_MORE, true },
		{ { "" }, HTTP1_MORE, false },
	};
	struct http1 p = { 0 };
	size_t used;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(feed(&p, &cases[i].row, 100, &used), HTTP1_MORE);
		assert_int_equal(http1_end(&p), cases[i].end);
		assert_int_equal(http1_begun(&p), cases[i].begun);
	}
	http1_done(&p);
}

/* Feed `line` again and again; how many bytes until it is refused? */
static size_t
refused_after(const char *head, const char *again, size_t most)
{
	struct http1 p = { 0 };
	size_t used, fed = 0;

	http1_start(&p, false);
	enum http1_verdict v = *head ? http1_feed(&p, head, strlen(head), &used) : HTTP1_MORE;
	while (v == HTTP1_MORE && fed < most) {
		v = http1_feed(&p, again, strlen(again), &used);
		fed += strlen(again);
		assert_true(p.line.allocated <= 2 * HTTP1_LINE_MAX);
	}
	http1_done(&p);
	return v == HTTP1_BAD ? fed : SIZE_MAX;
}

static void
endless_heads_are_refused(void **state)
{
	assert_true(refused_after(OK, "X: y\r\n", 1 << 20) <= HTTP1_HEAD_MAX + 16);
	assert_true(refused_after(OK "X: ", "yyyyyyyyyyyyyyyyyy", 1 << 20) <= HTTP1_LINE_MAX + 64);
	assert_true(refused_after("HTTP/1.", "1", 1 << 20) <= HTTP1_LINE_MAX + 64);
	assert_true(refused_after("", "HTTP/1.1 100 Go\r\n\r\n", 1 << 20) <= 20 * 19);
	assert_true(refused_after(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n", 1 << 20) <=
	    HTTP1_HEAD_MAX + 16);
	assert_true(refused_after(OK "Transfer-Encoding: chunked\r\n\r\n1;", "xxxxxxxxxx", 1 << 20) <=
	    HTTP1_LINE_MAX + 64);
	/* A long chunked body is no endless head. */
	assert_true(refused_after(OK "Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n", 1 << 20) ==
	    SIZE_MAX);
}

static void
append_body(void *ctx, const char *bytes, size_t size)
{
	buf_append(ctx, bytes, size);
}

static void
head_and_body_are_handed_on(void **state)
{
	static const char answer[] =
	    "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
	    OK "X-Token: t1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";

	for (size_t piece = 1; piece <= sizeof(answer) - 1; piece++) {
		struct buf head = { 0 }, body = { 0 };
		struct http1 p = { 0 };
		enum http1_verdict v = HTTP1_MORE;
		http1_start(&p, false);
		p.head = &head;
		p.body = append_body;
		p.body_ctx = &body;
		for (size_t at = 0, used; at < sizeof(answer) - 1 && v == HTTP1_MORE; at += used) {
			size_t left = sizeof(answer) - 1 - at;
			v = http1_feed(&p, answer + at, left < piece ? left : piece, &used);
		}
		assert_int_equal(v, HTTP1_DONE);
		assert_string_equal(buf_text(&head),
		    OK "X-Token: t1\r\nTransfer-Encoding: chunked\r\n\r\n");
		assert_string_equal(buf_text(&body), "abcde");
		http1_done(&p);
		buf_done(&head);
		buf_done(&body);
	}
}

RUN_TESTS(cmocka_unit_test(head_and_body_are_handed_on),
    cmocka_unit_test(responses_read_alike_in_pieces_of_any_size),
    cmocka_unit_test(headers_are_kept),
    cmocka_unit_test(the_end_of_the_stream_ends_only_what_has_no_length),
    cmocka_unit_test(endless_heads_are_refused))

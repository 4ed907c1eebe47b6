/* SPDX-License-Identifier: MIT */
/* Heads of requests and responses, and where bodies end: each row whole and cut at every byte. */
#include <stdlib.h>

#include "net/http1_request.h"
#include "net/http1_response.h"
#include "check.h"

#define GET  "GET / HTTP/1.1\r\n"
#define H    "Host: a\r\n"
#define POST "POST / HTTP/1.1\r\n" H

struct row {
	const char *bytes;
	int status;              /* 0: taken; -1: more is needed; else refused with it */
	enum http1_framing framing;
	int64_t length;
	const char *target, *host;
};

static const struct row rows[] = {
	{ GET H "\r\n", 0, HTTP1_NO_BODY, -1, "/", "a" },
	{ "\r\n" GET H "\r\n", 0, HTTP1_NO_BODY, -1, "/", "a" },
	{ "GET /a?b=c&d#", 400 },
	{ "GET /a?b=[c]&d=\"e\" HTTP/1.1\r\nhOST:\t b:80 \r\n\r\n", 0, HTTP1_NO_BODY, -1, "/a?b=[c]&d=\"e\"", "b:80" },
	{ GET "Host: [::1]:8080\r\nX:\r\nY: a\tb \x80\r\n\r\n", 0, HTTP1_NO_BODY, -1, "/", "[::1]:8080" },
	{ "M-SEARCH * HTTP/1.1\r\n" H "\r\n", 400 },
	{ "OPTIONS * HTTP/1.1\r\n" H "\r\n", 0, HTTP1_NO_BODY, -1, "*", "a" },
	{ "GET http://b:1/c?d HTTP/1.1\r\n" H "\r\n", 0, HTTP1_NO_BODY, -1, "/c?d", "b:1" },
	{ "GET HTTPS://b HTTP/1.1\r\n" H "\r\n", 0, HTTP1_NO_BODY, -1, "/", "b" },
	{ "GET / HTTP/1.0\r\n\r\n", 0, HTTP1_NO_BODY, -1, "/", "" },
	{ POST "Content-Length: 0\r\n\r\n", 0, HTTP1_NO_BODY, 0 },
	{ POST "Content-Length: 12\r\n\r\n", 0, HTTP1_LENGTH, 12 },
	{ POST "Transfer-Encoding: Chunked\r\n\r\n", 0, HTTP1_CHUNKED, -1 },

	{ "", -1 },
	{ "GE", -1 },
	{ GET H, -1 },
	{ GET H "\r", -1 },
	{ GET "Host: a", -1 },

	{ "\n" GET H "\r\n", 400 },
	{ "\r\n\r\n" GET H "\r\n", 400 },
	{ " GET / HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET  / HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET /  HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET\t/ HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET / HTTP/1.1 \r\n" H "\r\n", 400 },
	{ "GET /\x01 HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET /\x80 HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET a HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET http:/// HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET http://u@b/ HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET ftp://b/ HTTP/1.1\r\n" H "\r\n", 400 },
	{ "GET http://b?c HTTP/1.1\r\n" H "\r\n", 400 },
	{ "CONNECT b:80 HTTP/1.1\r\n" H "\r\n", 501 },
	{ "GET /\r\n\r\n", 400 },
	{ "GET / HTTP/1.2\r\n" H "\r\n", 505 },
	{ "GET / HTTP/2.0\r\n" H "\r\n", 505 },
	{ "GET / http/1.1\r\n" H "\r\n", 400 },
	{ "\x16\x03\x01\x02", 400 },
	{ "AVERYLONGMETHODTHATNOBODYHASEVERASKEDFOR / HTTP/1.1\r\n", 501 },

	{ GET "\r\n", 400 },
	{ GET H H "\r\n", 400 },
	{ GET "Host:\r\n\r\n", 400 },
	{ GET "Host: a b\r\n\r\n", 400 },
	{ GET "Host: a/b\r\n\r\n", 400 },
	{ GET "Host: a@b\r\n\r\n", 400 },
	{ GET "Host : a\r\n\r\n", 400 },
	{ GET " Host: a\r\n\r\n", 400 },
	{ GET "Host: a\r\n b\r\n\r\n", 400 },
	{ GET H ": x\r\n\r\n", 400 },
	{ GET H "X\r\n\r\n", 400 },
	{ GET H "X y: z\r\n\r\n", 400 },
	{ GET H "X: a\x01\r\n\r\n", 400 },
	{ GET H "X: a\x7f\r\n\r\n", 400 },
	{ GET H "X: abcdefghijklmnopqrstuvwxyz\x0b" "abcdefghijklm\r\n\r\n", 400 },
	{ GET "Host: a\n\r\n", 400 },
	{ GET "Host: a\r\r\n\r\n", 400 },
	{ GET H "\n", 400 },
	{ "GET / HTTP/1.1\n" H "\r\n", 400 },

	{ POST "Content-Length: +1\r\n\r\n", 400 },
	{ POST "Content-Length: 1 2\r\n\r\n", 400 },
	{ POST "Content-Length: 1, 1\r\n\r\n", 400 },
	{ POST "Content-Length: 0x1\r\n\r\n", 400 },
	{ POST "Content-Length:\r\n\r\n", 400 },
	{ POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400 },
	{ POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400 },
	{ POST "Content-Length: 9999999999999999999\r\n\r\n", 400 },
	{ POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: chunked, identity\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: identity\r\n\r\n", 501 },
	{ POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n", 400 },
	{ POST "Transfer-Encoding: xchunked\r\n\r\n", 501 },
	{ POST "Transfer-Encoding:\r\n\r\n", 501 },
	{ "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ POST "Expect: much\r\n\r\n", 417 },
};

/* Of an exact copy, so that a read beyond it is seen. */
static enum http1_verdict
parse(struct http1_request *r, const char *bytes, size_t size, size_t *ret_used, char **ret_copy)
{
	*ret_copy = malloc(size ? size : 1);
	memcpy(*ret_copy, bytes, size);
	return http1_request_parse(r, *ret_copy, size, ret_used);
}

static void
check_text(const char *row, struct text got, const char *wanted)
{
	if (wanted && (got.size != strlen(wanted) || memcmp(got.at, wanted, got.size) != 0))
		fail_msg("%s: got '%.*s', wanted '%s'", row, (int)got.size, got.at, wanted);
}

static void
check_row(const struct row *row)
{
	static struct http1_request r;
	size_t used = 0, size = strlen(row->bytes);
	char *copy;
	enum http1_verdict v = parse(&r, row->bytes, size, &used, &copy);
	int status = v == HTTP1_DONE ? 0 : v == HTTP1_MORE ? -1 : r.status;

	if (status != row->status)
		fail_msg("%s: %d, wanted %d (%s)", row->bytes, status, row->status, v == HTTP1_BAD ? r.why : "");
	if (v == HTTP1_DONE) {
		assert_int_equal(used, size);
		assert_int_equal(r.framing, row->framing);
		assert_int_equal(r.length, row->length);
		check_text(row->bytes, r.target, row->target);
		check_text(row->bytes, r.host, row->host);
	}
	free(copy);
}

static void
requests_are_taken_or_refused(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_row(&rows[i]);
}

/* The beginning of what is taken is never refused; of what is refused, never taken. */
static void
beginnings_agree_with_the_whole(void **state)
{
	static struct http1_request r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t n = 0; n < strlen(rows[i].bytes); n++) {
			size_t used;
			char *copy;
			enum http1_verdict v = parse(&r, rows[i].bytes, n, &used, &copy);
			free(copy);
			if (v == HTTP1_DONE || (v == HTTP1_BAD && rows[i].status <= 0))
				fail_msg("%s: %d after %zu bytes", rows[i].bytes, v, n);
		}
}

static void
what_the_client_wants_is_read(void **state)
{
	static const struct {
		const char *bytes;
		bool keep_alive, expects, upgrades;
	} wants[] = {
		{ GET H "\r\n", true },
		{ GET H "Connection: x, Close\r\n\r\n", false },
		{ "GET / HTTP/1.0\r\n\r\n", false },
		{ "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true },
		{ GET H "Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\n", true },
		{ GET H "Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n", true, false, true },
		{ "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false },
		{ POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n", true, true },
		{ GET H "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", true, false, true },
		{ GET H "Upgrade: websocket\r\n\r\n", true },
		{ GET H "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n", true },
		{ GET H "Connection: Upgrade\r\n\r\n", true },
	};
	static struct http1_request r;
	size_t used;

	for (size_t i = 0; i < sizeof(wants) / sizeof(*wants); i++) {
		enum http1_verdict v = http1_request_parse(&r, wants[i].bytes, strlen(wants[i].bytes), &used);
		assert_int_equal(v, HTTP1_DONE);
		if (r.keep_alive != wants[i].keep_alive || r.expects_continue != wants[i].expects ||
		    r.upgrades != wants[i].upgrades)
			fail_msg("%s", wants[i].bytes);
	}
}

static void
fields_of_this_connection_go_no_further(void **state)
{
	static const char bytes[] = GET H "Connection: X-Mine, close, Host, Content-Length\r\nX-Mine: 1\r\nX-Yours: 2\r\n"
	    "Keep-Alive: 5\r\nTE: trailers\r\nUpgrade: x\r\nProxy-Authorization: y\r\nContent-Length: 0\r\n\r\n";
	static const char *const kept[] = { "Host", "X-Yours", "Content-Length" };
	static struct http1_request r;
	size_t used, k = 0;

	assert_int_equal(http1_request_parse(&r, bytes, sizeof(bytes) - 1, &used), HTTP1_DONE);
	for (uint32_t i = 0; i < r.fields.n; i++)
		if (!http1_is_hop_field(&r.fields, r.fields.at[i].name))
			assert_true(k < 3 && text_is(r.fields.at[i].name, kept[k++]));
	assert_int_equal(k, 3);
}

static void
too_many_fields_are_refused(void **state)
{
	static struct http1_request r;
	static char bytes[HTTP1_FIELDS_MAX * 8 + 64] = GET;
	size_t used;

	for (int i = 0; i < HTTP1_FIELDS_MAX - 1; i++)
		strcat(bytes, "X: y\r\n");
	strcat(bytes, H);
	size_t full = strlen(bytes);
	strcat(bytes, "\r\n");
	assert_int_equal(http1_request_parse(&r, bytes, strlen(bytes), &used), HTTP1_DONE);
	strcpy(bytes + full, "X: y\r\n\r\n");
	assert_int_equal(http1_request_parse(&r, bytes, strlen(bytes), &used), HTTP1_BAD);
	assert_int_equal(r.status, 431);
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static const struct {
	const char *bytes;
	enum http1_verdict verdict;
	const char *body;
	size_t rest;
} bodies[] = {
	{ "3\r\nabc\r\n0\r\n\r\nrest", HTTP1_DONE, "abc", 4 },
	{ "00003\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\nZ:\r\n\r\n", HTTP1_DONE, "abc0123456789" },
	{ "3;a=b;c=\"d e\"\r\nabc\r\n0;x\r\n\r\n", HTTP1_DONE, "abc" },
	{ "3\r\nab", HTTP1_MORE, "ab" },
	{ "0\r\n\r", HTTP1_MORE, "" },
	{ "3\nabc\r\n0\r\n\r\n", HTTP1_BAD },
	{ "3\r\nabc\n0\r\n\r\n", HTTP1_BAD },
	{ "3\r\nabcd\r\n0\r\n\r\n", HTTP1_BAD },
	{ "3 \r\nabc\r\n0\r\n\r\n", HTTP1_BAD },
	{ "3 ;a\r\nabc\r\n0\r\n\r\n", HTTP1_BAD },
	{ "3;\r\nabc\r\n0\r\n\r\n", HTTP1_BAD },
	{ "3;a\x01\r\nabc\r\n0\r\n\r\n", HTTP1_BAD },
	{ "3;a\nabc\r\n0\r\n\r\n", HTTP1_BAD },
	{ "0x3\r\nabc\r\n0\r\n\r\n", HTTP1_BAD },
	{ "-3\r\nabc\r\n0\r\n\r\n", HTTP1_BAD },
	{ "\r\n3\r\nabc\r\n0\r\n\r\n", HTTP1_BAD },
	{ "1000000000000000\r\n", HTTP1_BAD },
	{ "0\r\nX y: z\r\n\r\n", HTTP1_BAD },
	{ "0\r\n X: z\r\n\r\n", HTTP1_BAD },
	{ "0\r\nX: z\n\r\n", HTTP1_BAD },
	{ "0\r\n\n", HTTP1_BAD },
	{ "3\rX", HTTP1_BAD },
};

static enum http1_verdict
read_body(const char *bytes, size_t piece, char *out, size_t *ret_rest)
{
	struct http1_body b;
	enum http1_verdict v = HTTP1_MORE;
	size_t at = 0, size = strlen(bytes), n;

	http1_body_start(&b, HTTP1_CHUNKED, 0);
	while (v == HTTP1_MORE && at < size) {
		struct text data;
		v = http1_body_feed(&b, bytes + at, size - at < piece ? size - at : piece, &n, &data);
		strncat(out, data.at, data.size);
		at += n;
	}
	*ret_rest = size - at;
	return v;
}

static void
bodies_end_where_they_say(void **state)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		for (size_t piece = 1; piece < 20; piece++) {
			char out[64] = "";
			size_t rest;
			enum http1_verdict v = read_body(bodies[i].bytes, piece, out, &rest);
			if (v != bodies[i].verdict)
				fail_msg("%s in pieces of %zu: %d", bodies[i].bytes, piece, v);
			if (v == HTTP1_BAD)
				continue;
			assert_string_equal(out, bodies[i].body);
			assert_int_equal(rest, bodies[i].rest);
		}
}

/* ---- responses ------------------------------------------------------------------------------- */

#define OK "HTTP/1.1 200 OK\r\n"

static const struct {
	const char *bytes;
	enum http1_verdict verdict;
	int status;
	enum http1_framing framing;
	int64_t length;
	bool keep_alive, head;
} responses[] = {
	{ OK "\r\n", HTTP1_DONE, 200, HTTP1_TO_END, -1, false },
	{ OK "Content-Length: 5\r\n\r\n", HTTP1_DONE, 200, HTTP1_LENGTH, 5, true },
	{ OK "Content-Length: 5\r\n\r\n", HTTP1_DONE, 200, HTTP1_NO_BODY, 5, true, true },
	{ OK "Content-Length: 0\r\nConnection: close\r\n\r\n", HTTP1_DONE, 200, HTTP1_NO_BODY, 0, false },
	{ OK "Transfer-Encoding: chunked\r\n\r\n", HTTP1_DONE, 200, HTTP1_CHUNKED, -1, true },
	{ "HTTP/1.1 304\r\nContent-Length: 5\r\n\r\n", HTTP1_DONE, 304, HTTP1_NO_BODY, 5, true },
	{ "HTTP/1.1 204 \r\n\r\n", HTTP1_DONE, 204, HTTP1_NO_BODY, -1, true },
	{ "HTTP/1.1 103 Hint\r\nLink: x\r\n\r\n", HTTP1_DONE, 103, HTTP1_NO_BODY, -1, true },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", HTTP1_DONE, 200, HTTP1_LENGTH, 5, false },
	{ "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n", HTTP1_DONE, 200, HTTP1_LENGTH, 5, true },
	{ "HTTP/1.1 20", HTTP1_MORE },
	{ OK "X: y\r\n", HTTP1_MORE },
	{ "HTTP/2 200 OK\r\n\r\n", HTTP1_BAD },
	{ "HTTP/1.1 099 OK\r\n\r\n", HTTP1_BAD },
	{ "HTTP/1.1 2000 OK\r\n\r\n", HTTP1_BAD },
	{ "HTTP/1.1 200 OK\nX: y\r\n\r\n", HTTP1_BAD },
	{ OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", HTTP1_BAD },
	{ OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP1_BAD },
	{ OK "Transfer-Encoding: gzip\r\n\r\n", HTTP1_BAD },
	{ OK "X: a\r\n b\r\n\r\n", HTTP1_BAD },
	{ OK "X : a\r\n\r\n", HTTP1_BAD },
	{ "SSH-2.0", HTTP1_BAD },
};

static void
responses_are_taken_or_refused(void **state)
{
	static struct http1_response r;

	for (size_t i = 0; i < sizeof(responses) / sizeof(*responses); i++) {
		size_t used = 0, size = strlen(responses[i].bytes);
		enum http1_verdict v = http1_response_parse(&r, responses[i].head, responses[i].bytes, size, &used);
		if (v != responses[i].verdict)
			fail_msg("%s: %d", responses[i].bytes, v);
		if (v != HTTP1_DONE)
			continue;
		assert_int_equal(used, size);
		assert_int_equal(r.status, responses[i].status);
		assert_int_equal(r.framing, responses[i].framing);
		assert_int_equal(r.length, responses[i].length);
		assert_int_equal(r.keep_alive, responses[i].keep_alive);
	}
}

RUN_TESTS(
	cmocka_unit_test(requests_are_taken_or_refused),
	cmocka_unit_test(beginnings_agree_with_the_whole),
	cmocka_unit_test(what_the_client_wants_is_read),
	cmocka_unit_test(fields_of_this_connection_go_no_further),
	cmocka_unit_test(too_many_fields_are_refused),
	cmocka_unit_test(bodies_end_where_they_say),
	cmocka_unit_test(responses_are_taken_or_refused))

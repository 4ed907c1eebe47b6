/* SPDX-License-Identifier: MIT */
/* What becomes of requests, whatever the server does. */
#include <errno.h>

#include "base/cleanup.h"
#include "h2_peer.h"
#include "check.h"

static void
responses_end_as_they_should_in_pieces_of_any_size(void **state)
{
	static const size_t pieces[] = { 1, 7, 1 << 20 };
	static const struct {
		const char *method, *path;
		enum http2_end end;
		int status, heads, body;
		uint32_t code;
	} rows[] = {
		{ "GET", "/hello", HTTP2_ANSWERED, 200, 1, 5 },
		{ "GET", "/tagged", HTTP2_ANSWERED, 200, 1, 5 },
		{ "GET", "/empty", HTTP2_ANSWERED, 204, 1, 0 },
		{ "GET", "/hint", HTTP2_ANSWERED, 200, 1, 5 },
		{ "HEAD", "/length-only", HTTP2_ANSWERED, 200, 1, 0 },
		{ "HEAD", "/hello", HTTP2_BAD, 200, 1, 5 },
		{ "GET", "/length-only", HTTP2_BAD, 200, 1, 0 },
		{ "GET", "/short", HTTP2_BAD, 200, 1, 5 },
		{ "GET", "/two-lengths", HTTP2_BAD, 200, 0, 0, NGHTTP2_INTERNAL_ERROR },
		{ "GET", "/late-status", HTTP2_BAD, 0, 0, 0, NGHTTP2_INTERNAL_ERROR },
		{ "GET", "/no-status", HTTP2_BAD, 0, 0, 0, NGHTTP2_INTERNAL_ERROR },
		{ "GET", "/strange-status", HTTP2_BAD, 2, 0, 0, NGHTTP2_INTERNAL_ERROR },
		{ "GET", "/only-hint", HTTP2_BAD, 103, 0, 0 },
		{ "GET", "/data-first", HTTP2_BAD, 103, 0, 0, NGHTTP2_PROTOCOL_ERROR },
		{ "GET", "/large-head", HTTP2_BAD, 200, 0, 0, NGHTTP2_INTERNAL_ERROR },
		{ "GET", "/reset", HTTP2_RESET, 0, 0, 0, NGHTTP2_ENHANCE_YOUR_CALM },
		{ "GET", "/refuse", HTTP2_REFUSED, 0, 0, 0, NGHTTP2_REFUSED_STREAM },
	};

	for (size_t k = 0; k < COUNT_OF(pieces); k++) {
		for (size_t i = 0; i < COUNT_OF(rows); i++) {
			struct side *s = side_open(100);
			const struct http2_stream *st = &s->streams[0];
			s->piece = pieces[k];
			request(s, 0, rows[i].method, rows[i].path, 0);
			run(s);
			if (s->ends[rows[i].end] != 1 || st->status != rows[i].status ||
			    s->heads != rows[i].heads || st->body_bytes != rows[i].body ||
			    st->error_code != rows[i].code)
				fail_msg("%s %s: ended %d, status %d, %d heads, body %d, code %u, %s", rows[i].method,
				    rows[i].path, s->ends[rows[i].end], st->status, s->heads,
				    (int)st->body_bytes, st->error_code, s->h.why);
			assert_int_equal(s->h.n_open, 0);
			assert_int_equal(s->body.size, rows[i].body);
			/* The connection goes on. */
			request(s, 1, "GET", "/hello", 0);
			int before = s->ends[HTTP2_ANSWERED];
			run(s);
			assert_int_equal(s->ends[HTTP2_ANSWERED], before + 1);
			assert_int_equal(s->h.state, HTTP2_OPEN);
			side_close(s);
		}
	}
}

static void
fields_are_handed_on(void **state)
{
	struct side *s = side_open(100);

	request(s, 0, "GET", "/tagged", 0);
	run(s);
	assert_string_equal(buf_text(&s->fields), "x-tag=a b;");
	side_close(s);
}

static void
many_streams_share_a_connection(void **state)
{
	struct side *s = side_open(120);

	run(s);
	for (int i = 0; i < 120; i++)
		request(s, i, "GET", "/hello", 0);
	s->again = 1000;                 /* from inside the sink */
	run(s);
	assert_int_equal(s->ends[HTTP2_ANSWERED], 1120);
	assert_int_equal(s->requests, 1120);
	assert_null(s->h.streams);
	side_close(s);
}

static void
the_peer_may_change_the_limit(void **state)
{
	nghttp2_settings_entry fewer = { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 3 };
	struct side *s = side_open(100);

	for (int i = 0; i < 10; i++)
		request(s, i, "GET", "/hold", 0);
	run(s);
	nghttp2_submit_settings(s->server, 0, &fewer, 1);
	server_step(s);
	run(s);
	assert_int_equal(s->h.n_open, 10);
	for (int i = 0; i < 8; i++)
		http2_cancel(&s->h, &s->streams[i]);
	/* More than is allowed waits until it is. */
	for (int i = 0; i < 4; i++)
		request(s, i, "GET", "/hello", 0);
	run(s);
	assert_int_equal(s->ends[HTTP2_ANSWERED], 4);
	assert_int_equal(s->h.n_open, 2);
	side_close(s);
}

static void
cancelled_streams_are_forgotten(void **state)
{
	struct side *s = side_open(100);

	run(s);
	request(s, 0, "GET", "/hello", 0);
	http2_cancel(&s->h, &s->streams[0]);             /* not sent yet */
	request(s, 1, "GET", "/hold", 0);
	request(s, 2, "POST", "/hello", 1 << 20);
	http2_flush(&s->h, &s->to_server);
	http2_cancel(&s->h, &s->streams[1]);
	http2_cancel(&s->h, &s->streams[2]);             /* half sent */
	memset(s->streams, 0xff, sizeof(s->streams));
	run(s);
	assert_int_equal(s->h.n_open, 0);
	assert_int_equal(s->requests, 1);
	for (int how = 0; how <= HTTP2_LOST; how++)
		assert_int_equal(s->ends[how], 0);
	assert_int_equal(s->h.state, HTTP2_OPEN);
	side_close(s);
}

static void
goaway_refuses_what_is_above(void **state)
{
	struct side *s = side_open(100);

	for (int i = 0; i < 4; i++)
		request(s, i, "GET", "/hold", 0);
	run(s);
	nghttp2_submit_goaway(s->server, 0, 3, NGHTTP2_ENHANCE_YOUR_CALM, (const uint8_t *)"too\nmany", 8);
	run(s);
	assert_int_equal(s->ends[HTTP2_REFUSED], 2);
	assert_int_equal(s->h.state, HTTP2_DRAINING);
	assert_int_equal(s->h.goaway_last, 3);
	assert_string_equal(s->h.why, "the peer ends the connection with ENHANCE_YOUR_CALM: too?many");
	struct http2_request q;
	http2_request_begin(&q, s->arena, "GET", "http", "shop.test", "/hello");
	assert_int_equal(http2_request(&s->h, &q, &s->streams[5]), -ESHUTDOWN);
	/* What is below is still answered. */
	answer_held(s, 1);
	answer_held(s, 3);
	run(s);
	assert_int_equal(s->ends[HTTP2_ANSWERED], 2);
	assert_int_equal(s->h.n_open, 0);
	assert_int_equal(s->h.state, HTTP2_DRAINING);
	side_close(s);
}

static void
goaway_refuses_what_was_not_sent(void **state)
{
	struct side *s = side_open(100);

	run(s);
	nghttp2_submit_goaway(s->server, 0, 0, NGHTTP2_NO_ERROR, NULL, 0);
	server_step(s);
	request(s, 0, "GET", "/hello", 0);
	feed(s, s->to_client.data, s->to_client.size);
	assert_int_equal(s->ends[HTTP2_REFUSED], 1);
	assert_int_equal(s->h.state, HTTP2_DRAINING);
	assert_string_equal(s->h.why, "");
	side_close(s);
}

static void
bodies_are_sent_whole(void **state)
{
	struct side *s = side_open(100);

	request(s, 0, "POST", "/hello", 10);
	request(s, 1, "POST", "/hello", 1 << 20);
	request(s, 2, "GET", "/hello", 0);
	run(s);
	assert_int_equal(s->ends[HTTP2_ANSWERED], 3);
	assert_int_equal(s->posted, 10 + (1 << 20));
	side_close(s);
}

static void
a_peer_with_wide_windows_gets_it_in_portions(void **state)
{
	nghttp2_settings_entry wide = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 30 };
	struct side *s = side_open(100);

	nghttp2_submit_settings(s->server, 0, &wide, 1);
	nghttp2_session_set_local_window_size(s->server, 0, 0, 1 << 30);
	request(s, 0, "POST", "/hello", 1 << 20);
	assert_false(http2_flush(&s->h, &s->to_server));
	server_step(s);
	buf_clear(&s->to_server);
	feed(s, s->to_client.data, s->to_client.size);
	buf_clear(&s->to_client);
	int portions = 1;
	for (; s->h.more; portions++) {
		assert_true(s->to_server.size < 2 * HTTP2_FLUSH_BYTES);
		server_step(s);
		http2_flush(&s->h, &s->to_server);
	}
	assert_int_equal(portions, 4);
	run(s);
	assert_int_equal(s->posted, 1 << 20);
	assert_int_equal(s->ends[HTTP2_ANSWERED], 1);
	side_close(s);
}

static void
a_head_too_large_to_send_ends_as_bad(void **state)
{
	static char path[80000];
	struct side *s = side_open(100);
	struct http2_request q;

	run(s);
	memset(path, '/', sizeof(path));
	http2_request_begin(&q, s->arena, "GET", "http", "shop.test", "/");
	http2_request_vary(&q, HTTP2_FIELD_PATH, path, sizeof(path));
	assert_int_equal(http2_request(&s->h, &q, &s->streams[0]), 0);
	run(s);
	assert_int_equal(s->ends[HTTP2_BAD], 1);
	request(s, 1, "GET", "/hello", 0);
	run(s);
	assert_int_equal(s->ends[HTTP2_ANSWERED], 1);
	side_close(s);
}

static void
an_early_answer_ends_the_upload(void **state)
{
	struct side *s = side_open(100);

	request(s, 0, "POST", "/early", 1 << 20);
	run(s);
	assert_int_equal(s->ends[HTTP2_ANSWERED], 1);
	assert_true(s->posted < 1 << 20);
	assert_int_equal(s->h.state, HTTP2_OPEN);
	side_close(s);
}

/* Frames (RFC 9113, 4.1): length in three bytes, type, flags, stream in four. */
#define SETTINGS "\0\0\0\4\0\0\0\0\0"
#define TEXT(text) text, sizeof(text) - 1

static void
what_is_not_http2_is_named(void **state)
{
	static const struct { const char *bytes; size_t size; const char *part; } rows[] = {
		{ TEXT("HTTP/1.1 400 Bad Request\r\n\r\n"), "answers in HTTP/1" },
		{ TEXT("\x15\x03\x01\0\2\2\x28 some more"), "answers in TLS" },
		{ TEXT("220 mail.test ESMTP ready"), "breaks the rules of HTTP/2" },
		{ TEXT("\0\0\0\0\0\0\0\0\1"), "SETTINGS" },
		{ TEXT(SETTINGS "\0\0\1\0\0\0\0\0\7x"), "breaks the rules of HTTP/2: PROTOCOL_ERROR" },
		{ TEXT(SETTINGS "\0\0\1\1\4\0\0\0\1\xff"), "COMPRESSION_ERROR" },
		{ TEXT(SETTINGS "\xff\xff\xff\0\0\0\0\0\1"), "FRAME_SIZE_ERROR" },
		{ TEXT(SETTINGS "\0\0\4\10\0\0\0\0\0\0\0\0\0"), "breaks the rules of HTTP/2" },
	};
	for (size_t piece = 1; piece < 100; piece += 98) {
		for (size_t i = 0; i < COUNT_OF(rows); i++) {
			struct side *s = side_open(100);
			s->piece = piece;
			request(s, 0, "GET", "/hello", 0);
			http2_flush(&s->h, &s->to_server);
			feed(s, rows[i].bytes, rows[i].size);
			if (s->h.state != HTTP2_DEAD || !strstr(s->h.why, rows[i].part))
				fail_msg("row %zu: state %d, %s", i, s->h.state, s->h.why);
			assert_int_equal(s->ends[HTTP2_LOST], 1);
			assert_int_equal(http2_feed(&s->h, "x", 1, &s->to_server), HTTP2_DEAD);
			assert_false(http2_flush(&s->h, &s->to_server));
			side_close(s);
		}
	}
}

static void
floods_end_the_connection(void **state)
{
	static const char ping[] = "\0\0\10\6\0\0\0\0\0" "12345678";
	struct side *s = side_open(100);
	struct buf flood = { 0 };

	run(s);
	for (int i = 0; i < 5000; i++)
		buf_append(&flood, ping, sizeof(ping) - 1);
	feed(s, flood.data, flood.size);
	assert_int_equal(s->h.state, HTTP2_DEAD);
	assert_non_null(strstr(s->h.why, "flood of control frames"));
	buf_done(&flood);
	side_close(s);
}

RUN_TESTS(
	cmocka_unit_test(responses_end_as_they_should_in_pieces_of_any_size),
	cmocka_unit_test(fields_are_handed_on),
	cmocka_unit_test(many_streams_share_a_connection),
	cmocka_unit_test(the_peer_may_change_the_limit),
	cmocka_unit_test(cancelled_streams_are_forgotten),
	cmocka_unit_test(goaway_refuses_what_is_above),
	cmocka_unit_test(goaway_refuses_what_was_not_sent),
	cmocka_unit_test(bodies_are_sent_whole),
	cmocka_unit_test(a_peer_with_wide_windows_gets_it_in_portions),
	cmocka_unit_test(a_head_too_large_to_send_ends_as_bad),
	cmocka_unit_test(an_early_answer_ends_the_upload),
	cmocka_unit_test(what_is_not_http2_is_named),
	cmocka_unit_test(floods_end_the_connection))

/* SPDX-License-Identifier: MIT */
/* The client against nghttp2's server, in memory. What the server does follows from the path. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "net/http2.h"
#include "check.h"

#define STREAMS_MAX 200

struct side {
	struct http2 h;
	struct http2_pool pool;
	struct buf to_server, to_client;
	nghttp2_session *server;
	struct arena *arena;
	size_t piece;                    /* so many bytes at once to the client */
	int requests;                    /* seen by the server */
	int64_t posted;                  /* bytes of request bodies seen by the server */
	const char *answer;              /* to all paths instead of themselves; NULL */
	char path[4096][32];             /* by stream number, at the server */
	struct http2_stream streams[STREAMS_MAX];
	int heads, ends[HTTP2_LOST + 1], again;
	struct buf body, fields;
};

/* ---- the server ---------------------------------------------------------------------------- */

#define FIELD(n, v) { .name = (uint8_t *)(n), .value = (uint8_t *)(v), .namelen = sizeof(n) - 1, \
	.valuelen = sizeof(v) - 1 }
static const nghttp2_nv ok = FIELD(":status", "200"), hint = FIELD(":status", "103"),
	none = FIELD(":status", "204"), strange = FIELD(":status", "2x0"), tag = FIELD("x-tag", "a b"),
	seven = FIELD("content-length", "7"), five = FIELD("content-length", "5");

static ssize_t
give_hello(nghttp2_session *session, int32_t id, uint8_t *out, size_t size, uint32_t *flags,
    nghttp2_data_source *source, void *ctx)
{
	memcpy(out, "hello", 5);
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	return 5;
}

static void
respond(struct side *s, int32_t id, const nghttp2_nv *fields, size_t n, bool body)
{
	nghttp2_data_provider from = { .read_callback = give_hello };
	assert_int_equal(nghttp2_submit_response(s->server, id, fields, n, body ? &from : NULL), 0);
}

/* Large by the count of its fields alone. */
static void
respond_with_a_large_head(struct side *s, int32_t id)
{
	static nghttp2_nv fields[2500];

	fields[0] = ok;
	for (size_t i = 1; i < COUNT_OF(fields); i++)
		fields[i] = (nghttp2_nv)FIELD("x", "");
	respond(s, id, fields, COUNT_OF(fields), true);
}

static void
serve(struct side *s, int32_t id)
{
	const char *path = s->answer ? s->answer : s->path[id];
	const nghttp2_nv tagged[] = { ok, tag }, long_length[] = { ok, seven },
		both[] = { ok, five, seven }, late[] = { tag, ok }, right[] = { ok, five };

	s->requests++;
	if (strcmp(path, "/hello") == 0)
		respond(s, id, right, 2, true);
	else if (strcmp(path, "/tagged") == 0)
		respond(s, id, tagged, 2, true);
	else if (strcmp(path, "/empty") == 0)
		respond(s, id, &none, 1, false);
	else if (strcmp(path, "/length-only") == 0)
		respond(s, id, long_length, 2, false);
	else if (strcmp(path, "/short") == 0)
		respond(s, id, long_length, 2, true);
	else if (strcmp(path, "/two-lengths") == 0)
		respond(s, id, both, 3, true);
	else if (strcmp(path, "/late-status") == 0)
		respond(s, id, late, 2, true);
	else if (strcmp(path, "/no-status") == 0)
		respond(s, id, &tag, 1, true);
	else if (strcmp(path, "/strange-status") == 0)
		respond(s, id, &strange, 1, true);
	else if (strcmp(path, "/large-head") == 0)
		respond_with_a_large_head(s, id);
	else if (strcmp(path, "/reset") == 0)
		nghttp2_submit_rst_stream(s->server, 0, id, NGHTTP2_ENHANCE_YOUR_CALM);
	else if (strcmp(path, "/refuse") == 0)
		nghttp2_submit_rst_stream(s->server, 0, id, NGHTTP2_REFUSED_STREAM);
	else if (strcmp(path, "/hint") == 0) {
		nghttp2_submit_headers(s->server, 0, id, NULL, &hint, 1, NULL);
		respond(s, id, &ok, 1, true);
	} else if (strcmp(path, "/data-first") == 0) {
		nghttp2_data_provider from = { .read_callback = give_hello };
		nghttp2_submit_headers(s->server, 0, id, NULL, &hint, 1, NULL);
		nghttp2_submit_data(s->server, NGHTTP2_FLAG_END_STREAM, id, &from);
	} else if (strcmp(path, "/only-hint") == 0)
		nghttp2_submit_headers(s->server, NGHTTP2_FLAG_END_STREAM, id, NULL, &hint, 1, NULL);
	else
		assert_string_equal(path, "/hold");
}

static int
server_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
    size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags, void *ctx)
{
	struct side *s = ctx;

	if (name_size == 5 && memcmp(name, ":path", 5) == 0)
		snprintf(s->path[frame->hd.stream_id], sizeof(s->path[0]), "%.*s", (int)value_size, value);
	return 0;
}

static int
server_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
	struct side *s = ctx;
	bool request = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;

	if (request && strcmp(s->path[frame->hd.stream_id], "/early") == 0) {
		if (frame->hd.type == NGHTTP2_HEADERS)
			respond(s, frame->hd.stream_id, &ok, 1, true);
	} else if (request && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
		serve(s, frame->hd.stream_id);
	}
	return 0;
}

static int
server_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
    size_t size, void *ctx)
{
	((struct side *)ctx)->posted += (int64_t)size;
	return 0;
}

static void
server_open(struct side *s, uint32_t max_streams)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max_streams },
	};
	nghttp2_session_callbacks *calls;
	nghttp2_option *option;

	nghttp2_option_new(&option);
	nghttp2_option_set_no_http_messaging(option, 1);
	nghttp2_session_callbacks_new(&calls);
	nghttp2_session_callbacks_set_on_header_callback(calls, server_on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(calls, server_on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, server_on_data);
	nghttp2_session_server_new2(&s->server, calls, s, option);
	nghttp2_session_callbacks_del(calls);
	nghttp2_option_del(option);
	nghttp2_submit_settings(s->server, 0, settings, 1);
}

/* ---- the client ---------------------------------------------------------------------------- */

static void
on_header(void *ctx, struct http2_stream *st, const char *name, size_t name_size, const char *value,
    size_t value_size)
{
	struct side *s = ctx;
	buf_printf(&s->fields, "%.*s=%.*s;", (int)name_size, name, (int)value_size, value);
}

static void
on_head(void *ctx, struct http2_stream *st)
{
	struct side *s = ctx;
	assert_true(st->status >= 200 && st->body_bytes == 0);
	s->heads++;
}

static void
on_body(void *ctx, struct http2_stream *st, const char *bytes, size_t size)
{
	struct side *s = ctx;
	assert_true(st->body_bytes >= (int64_t)size);
	buf_append(&s->body, bytes, size);
}

static void
request(struct side *s, int i, const char *method, const char *path, size_t body)
{
	static const char bytes[1 << 20];
	struct http2_request q;

	http2_request_begin(&q, s->arena, method, "http", "shop.test", path);
	if (body)
		assert_int_equal(http2_request_body(&q, s->arena, bytes, body), 0);
	assert_int_equal(http2_request(&s->h, &q, &s->streams[i]), 0);
}

static void
on_ended(void *ctx, struct http2_stream *st, enum http2_end how)
{
	struct side *s = ctx;

	s->ends[how]++;
	if (s->again-- > 0)
		request(s, (int)(st - s->streams), "GET", "/hello", 0);
}

static struct side *
side_open(uint32_t max_streams)
{
	static struct http2_sink sink = { NULL, on_header, on_head, on_body, on_ended };
	struct side *s = calloc(1, sizeof(*s));

	s->piece = 1 << 20;
	s->arena = arena_new();
	sink.ctx = s;
	assert_int_equal(http2_open(&s->h, &sink, &s->pool, &s->to_server), 0);
	server_open(s, max_streams);
	return s;
}

static void
side_close(struct side *s)
{
	http2_close(&s->h);
	http2_pool_done(&s->pool);
	nghttp2_session_del(s->server);
	arena_free(s->arena);
	buf_done(&s->to_server);
	buf_done(&s->to_client);
	buf_done(&s->body);
	buf_done(&s->fields);
	free(s);
}

static void
feed(struct side *s, const char *bytes, size_t size)
{
	for (size_t at = 0; at < size; at += s->piece) {
		size_t n = size - at < s->piece ? size - at : s->piece;
		/* A copy of its own, so that a sanitizer sees a step outside. */
		char *copy = malloc(n);
		memcpy(copy, bytes + at, n);
		http2_feed(&s->h, copy, n, &s->to_server);
		free(copy);
	}
}

static void
server_step(struct side *s)
{
	const uint8_t *bytes;
	ssize_t n;

	nghttp2_session_mem_recv(s->server, (const uint8_t *)buf_text(&s->to_server),
	    s->to_server.size);
	buf_clear(&s->to_server);
	while ((n = nghttp2_session_mem_send(s->server, &bytes)) > 0)
		buf_append(&s->to_client, bytes, (size_t)n);
	assert_int_equal(n, 0);
}

/* Carry bytes to and fro until nobody has any. */
static void
run(struct side *s)
{
	do {
		http2_flush(&s->h, &s->to_server);
		server_step(s);
		feed(s, buf_text(&s->to_client), s->to_client.size);
		buf_clear(&s->to_client);
	} while (s->to_server.size);
}

/* ---- tests --------------------------------------------------------------------------------- */

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
	respond(s, 1, &ok, 1, true);
	respond(s, 3, &ok, 1, true);
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

static void
heads_are_made_for_http2(void **state)
{
	static const struct { const char *name, *value; int result; } rows[] = {
		{ "User-Agent", "prony", 4 }, { "Connection", "close", -ENOENT },
		{ "transfer-encoding", "chunked", -ENOENT }, { "Host", "other.test", 2 },
		{ "x y", "z", -EINVAL }, { ":path", "/", -EINVAL }, { "", "z", -EINVAL },
		{ "x", "a\nb", -EINVAL }, { "X-Id", "1", 5 },
	};
	struct arena *a = arena_new();
	struct http2_request q;

	http2_request_begin(&q, a, "HEAD", "https", "shop.test", "/");
	assert_true(q.head);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (http2_request_add(&q, a, rows[i].name, rows[i].value) != rows[i].result)
			fail_msg("%s: %s", rows[i].name, rows[i].value);
	assert_int_equal(q.n_fields, 6);
	assert_memory_equal(q.fields[4].name, "user-agent", 10);
	assert_memory_equal(q.fields[2].value, "other.test", 10);
	http2_request_vary(&q, HTTP2_FIELD_PATH, "/orders/17", 10);
	assert_memory_equal(q.fields[HTTP2_FIELD_PATH].name, ":path", 5);
	assert_int_equal(q.fields[HTTP2_FIELD_PATH].valuelen, 10);
	assert_true(q.fields[HTTP2_FIELD_PATH].flags & NGHTTP2_NV_FLAG_NO_INDEX);
	while (q.n_fields < HTTP2_FIELDS_MAX)
		assert_true(http2_request_add(&q, a, "x", "y") > 0);
	assert_int_equal(http2_request_add(&q, a, "x", "y"), -E2BIG);
	assert_int_equal(http2_request_body(&q, a, "b", 1), -E2BIG);
	arena_free(a);
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
	cmocka_unit_test(floods_end_the_connection),
	cmocka_unit_test(heads_are_made_for_http2))

/* SPDX-License-Identifier: MIT */
#include "h2_peer.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "check.h"

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

void
answer_held(struct side *s, int32_t id)
{
	respond(s, id, &ok, 1, true);
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

void
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

struct side *
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

void
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

void
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

void
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
void
run(struct side *s)
{
	do {
		http2_flush(&s->h, &s->to_server);
		server_step(s);
		feed(s, buf_text(&s->to_client), s->to_client.size);
		buf_clear(&s->to_client);
	} while (s->to_server.size);
}

/* SPDX-License-Identifier: MIT */
#include "net/http2_server.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/http2_server_head.h"

/* The head of an answer; beyond that its stream is reset. */
#define ANSWER_HEAD_MAX  ((size_t)256 << 10)

static struct http2_inbound *
find(struct http2_server *h, int32_t id)
{
	return nghttp2_session_get_stream_user_data(h->session, id);
}

static void
die(struct http2_server *h, const char *why)
{
	if (!h->dead)
		h->why = why;
	h->dead = true;
	h->more = false;
}

void
http2_server_reset(struct http2_server *h, struct http2_inbound *s, uint32_t code)
{
	if (!s->reset)
		nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id, code);
	s->reset = true;
}

/* ---- requests -------------------------------------------------------------------------------- */

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
	struct http2_server *h = ctx;
	int32_t id = frame->hd.stream_id;

	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	http2_head_begin(&h->head);
	struct http2_inbound *s = h->away ? NULL : h->sink->opened(h->sink->ctx);
	if (!s) {
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
		return 0;
	}
	*s = (struct http2_inbound){ .id = id };
	h->n_open++;
	nghttp2_session_set_stream_user_data(session, id, s);
	return 0;
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
    const uint8_t *value, size_t value_size, uint8_t flags, void *ctx)
{
	struct http2_server *h = ctx;
	struct http2_inbound *s = find(h, frame->hd.stream_id);

	if (!s || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;   /* trailers go no further */
	if (!http2_head_take(&h->head, h->limits.head_bytes, (struct text){ (const char *)name, name_size },
	    (struct text){ (const char *)value, value_size }))
		s->bad = true;
	return 0;
}

/* Not even let in by nghttp2: the stream is to be reset, not only the field left out. */
static int
on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
    const uint8_t *value, size_t value_size, uint8_t flags, void *ctx)
{
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void
head_complete(struct http2_server *h, struct http2_inbound *s, bool ended)
{
	struct text head = { "", 0 };
	bool fits = h->head.bytes <= h->limits.head_bytes;

	if (s->reset)
		return;
	if (s->bad || (fits && !http2_head_finish(&h->head, ended))) {
		http2_server_reset(h, s, NGHTTP2_PROTOCOL_ERROR);
		return;
	}
	if (fits)
		head = (struct text){ h->head.text.data, h->head.text.size };
	s->told = true;
	h->sink->request(h->sink->ctx, s, head, ended);
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t size, void *ctx)
{
	struct http2_server *h = ctx;
	struct http2_inbound *s = find(h, id);

	if (s && s->told && !s->reset)
		h->sink->body(h->sink->ctx, s, (const char *)bytes, size);
	else
		nghttp2_session_consume(session, id, size);
	return 0;
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
	struct http2_server *h = ctx;
	struct http2_inbound *s = frame->hd.stream_id ? find(h, frame->hd.stream_id) : NULL;
	bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

	if (!s)
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		head_complete(h, s, ends);
	else if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) && ends && s->told && !s->reset)
		h->sink->body_ended(h->sink->ctx, s);
	return 0;
}

static int
on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *ctx)
{
	struct http2_server *h = ctx;
	struct http2_inbound *s = find(h, id);

	if (!s)
		return 0;
	nghttp2_session_set_stream_user_data(session, id, NULL);
	h->n_open--;
	h->sink->closed(h->sink->ctx, s);
	return 0;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* How much of the body goes into the next frame; the bytes themselves are put out by put_data. */
static ssize_t
measure_data(nghttp2_session *session, int32_t id, uint8_t *unused, size_t size, uint32_t *flags,
    nghttp2_data_source *source, void *ctx)
{
	struct http2_server *h = ctx;
	struct http2_inbound *s = find(h, id);
	bool last;

	if (!s || s->reset)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	size_t there = h->sink->ready(h->sink->ctx, s, &last);
	if (!there && !last) {
		s->waits = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (last && there <= size)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)(there < size ? there : size);
}

static int
put_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head, size_t size,
    nghttp2_data_source *source, void *ctx)
{
	struct http2_server *h = ctx;
	struct http2_inbound *s = find(h, frame->hd.stream_id);

	if (!s || s->reset)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (h->out->size >= h->out_most)
		return NGHTTP2_ERR_WOULDBLOCK;
	buf_append(h->out, head, 9);
	if (size)
		h->sink->take(h->sink->ctx, s, size, h->out);
	return 0;
}

/* What a client has left to say is of no use when it has its answer (RFC 9113, section 8.1). */
static int
on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
	bool can_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
	int32_t id = frame->hd.stream_id;

	if (can_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) &&
	    nghttp2_session_get_stream_remote_close(session, id) == 0)
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
	return 0;
}

static int
on_frame_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int code, void *ctx)
{
	struct http2_inbound *s = find(ctx, frame->hd.stream_id);

	if (s && frame->hd.type == NGHTTP2_HEADERS)
		http2_server_reset(ctx, s, NGHTTP2_INTERNAL_ERROR);
	return 0;
}

int
http2_server_answer(struct http2_server *h, struct http2_inbound *s, struct text head, bool ended)
{
	const nghttp2_data_provider from = { .read_callback = measure_data };
	nghttp2_nv fields[HTTP2_ANSWER_FIELDS_MAX];
	char status[3];

	int n = http2_answer_fields(head, status, fields);
	if (n < 0)
		return n;
	int code = status[0] == '1'
	    ? nghttp2_submit_headers(h->session, NGHTTP2_FLAG_NONE, s->id, NULL, fields, (size_t)n, NULL)
	    : nghttp2_submit_response(h->session, s->id, fields, (size_t)n, ended ? NULL : &from);
	return code == 0 ? 0 : code == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EINVAL;
}

void
http2_server_ready(struct http2_server *h, struct http2_inbound *s)
{
	if (s->waits)
		nghttp2_session_resume_data(h->session, s->id);
	s->waits = false;
}

void
http2_server_consumed(struct http2_server *h, struct http2_inbound *s, size_t size)
{
	nghttp2_session_consume(h->session, s->id, size);
}

/* ---- the connection -------------------------------------------------------------------------- */

static int
open_session(struct http2_server *h, struct http2_pool *pool)
{
	CLEANUP(http2_callbacks_free_p) nghttp2_session_callbacks *calls = NULL;
	CLEANUP(http2_option_free_p) nghttp2_option *option = NULL;
	nghttp2_mem mem = http2_pool_mem(pool);

	if (nghttp2_session_callbacks_new(&calls) != 0 || nghttp2_option_new(&option) != 0)
		return -ENOMEM;
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_no_closed_streams(option, 1);
	nghttp2_option_set_max_send_header_block_length(option, ANSWER_HEAD_MAX);
#ifdef HAVE_MAX_CONTINUATIONS   /* it counts pieces of their heads; http2_watch.c counts frames */
	nghttp2_option_set_max_continuations(option, 16 * HTTP2_CONTINUATIONS_MAX);
#endif
	nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(calls, on_invalid_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_stream_close);
	nghttp2_session_callbacks_set_send_data_callback(calls, put_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(calls, on_frame_sent);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(calls, on_frame_not_sent);
	return nghttp2_session_server_new3(&h->session, calls, h, option, &mem) == 0 ? 0 : -ENOMEM;
}

int
http2_server_open(struct http2_server *h, const struct http2_server_sink *sink,
    const struct http2_server_limits *limits, struct http2_pool *pool, int64_t now_ns)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->streams },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, HTTP2_SERVER_STREAM_WINDOW },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)limits->head_bytes },
	};

	*h = (struct http2_server){ .sink = sink, .limits = *limits };
	http2_watch_start(&h->watch, now_ns);
	if (open_session(h, pool) < 0)
		return -ENOMEM;
	if (nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, COUNT_OF(settings)) == 0 &&
	    nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
	    HTTP2_SERVER_CONNECTION_WINDOW) == 0)
		return 0;
	http2_server_close(h);
	return -ENOMEM;
}

/* Streams end without nghttp2's word for it. */
void
http2_server_close(struct http2_server *h)
{
	nghttp2_session_del(h->session);
	h->session = NULL;
	http2_head_done(&h->head);
}

bool
http2_server_feed(struct http2_server *h, const void *bytes, size_t size, int64_t now_ns)
{
	size_t good;

	if (h->dead)
		return false;
	uint32_t code = http2_watch_feed(&h->watch, bytes, size, now_ns, &good);
	ssize_t n = nghttp2_session_mem_recv(h->session, bytes, good);
	if (n >= 0 && code)
		nghttp2_session_terminate_session(h->session, code);
	if (n >= 0)
		return true;
	if (n == NGHTTP2_ERR_NOMEM || n == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
		die(h, n == NGHTTP2_ERR_NOMEM ? "out of memory" : "not HTTP/2");
		return false;
	}
	nghttp2_session_terminate_session(h->session, n == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM
	    : NGHTTP2_PROTOCOL_ERROR);
	return true;
}

bool
http2_server_flush(struct http2_server *h, size_t most, struct buf *out)
{
	const uint8_t *bytes;
	ssize_t n = 0;

	if (h->dead)
		return false;
	h->out = out;
	h->out_most = out->size + most;
	while (out->size < h->out_most && (n = nghttp2_session_mem_send(h->session, &bytes)) > 0)
		buf_append(out, bytes, (size_t)n);
	h->more = out->size >= h->out_most;
	if (n < 0 || out->truncated)
		die(h, "out of memory");
	else if (!nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session))
		die(h, "ended");
	return !h->dead;
}

void
http2_server_notice(struct http2_server *h)
{
	nghttp2_submit_shutdown_notice(h->session);
}

void
http2_server_goaway(struct http2_server *h)
{
	h->away = true;
	nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h->session),
	    NGHTTP2_NO_ERROR, NULL, 0);
}

int
http2_preface_is(const char *bytes, size_t size)
{
	static const char preface[] = HTTP2_PREFACE;
	size_t n = size < sizeof(preface) - 1 ? size : sizeof(preface) - 1;

	if (memcmp(bytes, preface, n) != 0)
		return -1;
	return n == sizeof(preface) - 1;
}

/* SPDX-License-Identifier: MIT */
#include "net/http2.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/http2_int.h"

/* What is received is consumed at once, so that windows would only slow the peer down. */
#define WINDOW_BYTES ((1 << 30) - 1)

/* ---- streams ------------------------------------------------------------------------------- */

static struct http2_stream *
find(struct http2 *h, int32_t id)
{
	if (h->recent_id != id) {
		h->recent_id = id;
		h->recent = nghttp2_session_get_stream_user_data(h->session, id);
	}
	return h->recent;
}

static void
link_stream(struct http2 *h, struct http2_stream *s)
{
	s->before = NULL;
	s->after = h->streams;
	if (h->streams)
		h->streams->before = s;
	h->streams = s;
	h->n_open++;
}

static void
unlink_stream(struct http2 *h, struct http2_stream *s)
{
	if (s->before)
		s->before->after = s->after;
	else
		h->streams = s->after;
	if (s->after)
		s->after->before = s->before;
	h->n_open--;
	h->recent_id = 0;
}

static void
end_stream(struct http2 *h, struct http2_stream *s, enum http2_end how)
{
	unlink_stream(h, s);
	h->sink->ended(h->sink->ctx, s, how);
}

static void
die(struct http2 *h, const char *why)
{
	if (h->state == HTTP2_DEAD)
		return;
	h->state = HTTP2_DEAD;
	h->more = false;
	snprintf(h->why, sizeof(h->why), "%s", why);
	while (h->streams)
		end_stream(h, h->streams, HTTP2_LOST);
}

/* ---- what nghttp2 tells -------------------------------------------------------------------- */

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
    size_t name_size, const uint8_t *value, size_t value_size, uint8_t flags, void *ctx)
{
	struct http2 *h = ctx;
	struct http2_stream *s = find(h, frame->hd.stream_id);

	if (!s)
		return 0;
	if (!http2_take_field(s, name, name_size, value, value_size))
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (h->sink->header && name[0] != ':')
		h->sink->header(h->sink->ctx, s, (const char *)name, name_size, (const char *)value,
		    value_size);
	return 0;
}

/* Against the rules, found where nghttp2 does not take a verdict. */
static void
break_off(struct http2 *h, struct http2_stream *s)
{
	if (!s->bad)
		nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_PROTOCOL_ERROR);
	s->bad = true;
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t size,
    void *ctx)
{
	struct http2 *h = ctx;
	struct http2_stream *s = find(h, id);

	if (!s || !size)
		return 0;
	if (!s->head_passed) {
		break_off(h, s);
		return 0;
	}
	s->body_bytes += (int64_t)size;
	if (h->sink->body)
		h->sink->body(h->sink->ctx, s, (const char *)bytes, size);
	return 0;
}

static void
copy_printable(char *out, size_t size, const uint8_t *text, size_t text_size)
{
	size_t n = text_size < size ? text_size : size - 1;

	for (size_t i = 0; i < n; i++)
		out[i] = text[i] >= ' ' && text[i] < 127 ? (char)text[i] : '?';
	out[n] = '\0';
}

static void
goaway_received(struct http2 *h, const nghttp2_goaway *g)
{
	char text[64];

	h->goaway_last = g->last_stream_id;
	h->goaway_code = g->error_code;
	if (h->state == HTTP2_OPEN)
		h->state = HTTP2_DRAINING;
	if (!g->error_code)
		return;
	copy_printable(text, sizeof(text), g->opaque_data, g->opaque_data_len);
	snprintf(h->why, sizeof(h->why), "the peer ends the connection with %s%s%s",
	    http2_code_name(g->error_code), text[0] ? ": " : "", text);
}

/* A head has ended: an interim one (1xx), the final one or the trailers. */
static void
head_complete(struct http2 *h, struct http2_stream *s)
{
	if (!s->has_status && !s->head_passed)
		break_off(h, s);
	s->has_status = false;
	if (s->status < 200 || s->head_passed)
		return;
	s->head_passed = true;
	h->sink->head(h->sink->ctx, s);
}

/* The last of the answer. A peer may answer before it has all of the request, then the rest is of
 * no use to it (RFC 9113, 8.1). */
static void
stream_complete(struct http2 *h, struct http2_stream *s)
{
	s->complete = true;
	s->bad |= !s->head_passed || !http2_length_kept(s);
	if (!s->sent)
		nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
	struct http2 *h = ctx;

	if (frame->hd.type == NGHTTP2_GOAWAY)
		goaway_received(h, &frame->goaway);
	struct http2_stream *s = frame->hd.stream_id ? find(h, frame->hd.stream_id) : NULL;
	if (!s)
		return 0;
	if (frame->hd.type == NGHTTP2_RST_STREAM)
		s->reset_by_peer = true;
	if (frame->hd.type == NGHTTP2_HEADERS)
		head_complete(h, s);
	bool can_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
	/* The sink may have cancelled it meanwhile. */
	if (can_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) && find(h, frame->hd.stream_id) == s)
		stream_complete(h, s);
	return 0;
}

static enum http2_end
end_of(const struct http2_stream *s, uint32_t code)
{
	if (s->bad)
		return HTTP2_BAD;
	if (s->complete)
		return HTTP2_ANSWERED;
	if (code == NGHTTP2_REFUSED_STREAM && !s->status)
		return HTTP2_REFUSED;
	return s->reset_by_peer ? HTTP2_RESET : HTTP2_BAD;
}

static int
on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *ctx)
{
	struct http2 *h = ctx;
	struct http2_stream *s = find(h, id);

	h->recent_id = 0;
	if (!s)
		return 0;
	s->error_code = code;
	end_stream(h, s, end_of(s, code));
	return 0;
}

/* After a GOAWAY, nghttp2 ends what waits as refused; anything else is wrong with the request. */
static int
on_frame_not_sent(nghttp2_session *session, const nghttp2_frame *frame, int code, void *ctx)
{
	struct http2_stream *s = find(ctx, frame->hd.stream_id);

	if (s && frame->hd.type == NGHTTP2_HEADERS && code != NGHTTP2_ERR_START_STREAM_NOT_ALLOWED)
		s->bad = true;
	return 0;
}

/* nghttp2 ends the connection over a fault of the peer: it says which in its GOAWAY. */
static int
on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
	struct http2 *h = ctx;
	char text[64];

	if (frame->hd.type != NGHTTP2_GOAWAY || !frame->goaway.error_code)
		return 0;
	copy_printable(text, sizeof(text), frame->goaway.opaque_data, frame->goaway.opaque_data_len);
	snprintf(h->fault, sizeof(h->fault), "%s%s%s", http2_code_name(frame->goaway.error_code),
	    text[0] ? ": " : "", text);
	return 0;
}

static ssize_t
read_body(nghttp2_session *session, int32_t id, uint8_t *out, size_t size, uint32_t *flags,
    nghttp2_data_source *source, void *ctx)
{
	struct http2_stream *s = find(ctx, id);
	if (!s)                           /* cancelled, the memory may be gone */
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	size_t n = s->body_left < size ? s->body_left : size;

	memcpy(out, s->body, n);
	s->body += n;
	s->body_left -= n;
	if (!s->body_left) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		s->sent = true;
	}
	return (ssize_t)n;
}

/* ---- the connection ------------------------------------------------------------------------ */

static int
open_session(struct http2 *h, struct http2_pool *pool)
{
	CLEANUP(http2_callbacks_free_p) nghttp2_session_callbacks *calls = NULL;
	CLEANUP(http2_option_free_p) nghttp2_option *option = NULL;
	nghttp2_mem mem = http2_pool_mem(pool);

	if (nghttp2_session_callbacks_new(&calls) != 0 || nghttp2_option_new(&option) != 0)
		return -ENOMEM;
	nghttp2_option_set_no_http_messaging(option, 1);
	nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(calls, on_frame_sent);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(calls, on_frame_not_sent);
	return nghttp2_session_client_new3(&h->session, calls, h, option, &mem) == 0 ? 0 : -ENOMEM;
}

int
http2_open(struct http2 *h, const struct http2_sink *sink, struct http2_pool *pool,
    struct buf *out)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP2_HEAD_MAX },
	};

	*h = (struct http2){ .sink = sink, .goaway_last = -1 };
	if (open_session(h, pool) < 0)
		return -ENOMEM;
	if (nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, 3) != 0 ||
	    nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, WINDOW_BYTES) != 0) {
		http2_close(h);
		return -ENOMEM;
	}
	http2_flush(h, out);
	return 0;
}

int
http2_request(struct http2 *h, const struct http2_request *q, struct http2_stream *s)
{
	const nghttp2_data_provider from = { .read_callback = read_body };

	if (h->state != HTTP2_OPEN)
		return -ESHUTDOWN;
	*s = (struct http2_stream){ .body = q->body, .body_left = q->body_size,
		.sent = !q->body_size, .length = -1, .head_request = q->head };
	s->id = nghttp2_submit_request(h->session, NULL, q->fields, q->n_fields,
	    q->body_size ? &from : NULL, s);
	if (s->id < 0)
		return s->id == NGHTTP2_ERR_NOMEM ? -ENOMEM : -ESHUTDOWN;
	link_stream(h, s);
	return 0;
}

void
http2_cancel(struct http2 *h, struct http2_stream *s)
{
	unlink_stream(h, s);
	nghttp2_session_set_stream_user_data(h->session, s->id, NULL);
	nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_CANCEL);
}

static void
die_of(struct http2 *h, const char *fault)
{
	char why[sizeof(h->why)];

	if (h->n_first >= 7 && memcmp(h->first, "HTTP/1.", 7) == 0)
		snprintf(why, sizeof(why), "the peer answers in HTTP/1, not in HTTP/2");
	else if (h->n_first >= 2 && memcmp(h->first, "\x15\x03", 2) == 0)
		snprintf(why, sizeof(why), "the peer answers in TLS, not in HTTP/2");
	else
		snprintf(why, sizeof(why), "the peer breaks the rules of HTTP/2: %s", fault);
	die(h, why);
}

/* nghttp2 reads no more: it has ended the connection, or both sides have said goodbye. */
static void
check_over(struct http2 *h)
{
	if (nghttp2_session_want_read(h->session) || nghttp2_session_want_write(h->session))
		return;
	if (h->state == HTTP2_OPEN || h->fault[0])
		die_of(h, h->fault);
}

bool
http2_flush(struct http2 *h, struct buf *out)
{
	const uint8_t *bytes = NULL;
	size_t begin = out->size;
	ssize_t n = 0;

	if (h->state == HTTP2_DEAD)
		return false;
	while (out->size - begin < HTTP2_FLUSH_BYTES &&
	    (n = nghttp2_session_mem_send(h->session, &bytes)) > 0)
		buf_append(out, bytes, (size_t)n);
	if (n < 0 || out->truncated)
		die(h, "out of memory for what is to be sent");
	else
		check_over(h);
	h->more = h->state != HTTP2_DEAD && n > 0;
	return h->more;
}

enum http2_state
http2_feed(struct http2 *h, const void *bytes, size_t size, struct buf *out)
{
	const char *at = bytes;

	for (size_t i = 0; i < size && h->n_first < sizeof(h->first); i++)
		h->first[h->n_first++] = (unsigned char)at[i];
	if (h->state == HTTP2_DEAD)
		return HTTP2_DEAD;
	ssize_t n = nghttp2_session_mem_recv(h->session, bytes, size);
	if (n == NGHTTP2_ERR_NOMEM)
		die(h, "out of memory");
	else if (n < 0)
		die_of(h, n == NGHTTP2_ERR_FLOODED ? "a flood of control frames" : nghttp2_strerror((int)n));
	else
		http2_flush(h, out);
	return h->state;
}

void
http2_close(struct http2 *h)
{
	nghttp2_session_del(h->session);
	*h = (struct http2){ 0 };
}

const char *
http2_code_name(uint32_t code)
{
	return nghttp2_http2_strerror(code);
}

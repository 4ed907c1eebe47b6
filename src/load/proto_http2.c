/* SPDX-License-Identifier: MIT */
/* HTTP/2: many requests at once on a connection, each a stream; by ALPN under TLS, else by prior
 * knowledge. Requests of one round of the worker are written together. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/digest.h"
#include "load/exchange.h"
#include "load/program.h"
#include "load/stream.h"
#include "load/wire.h"
#include "net/http2.h"

struct h2_conn {
	struct http2 h;
	struct http2_sink sink;
	struct worker *w;
	uint32_t conn;
	int64_t at_ns;             /* of the bytes that are being taken */
};

struct h2_slot {
	struct http2_stream stream;
	char content_type[64], content_encoding[32];
	struct capture *kept;      /* of the answer under way; NULL: nobody looks at it */
	struct stream *events;
	struct digest *digest;
	struct http2_request *own; /* of a route that varies; NULL: none was made here yet */
	struct buf text;           /* its values */
};

static uint32_t
slot_of(const struct worker *w, const struct http2_stream *s)
{
	return (uint32_t)(((const char *)s - w->slot_states) / (ptrdiff_t)sizeof(struct h2_slot));
}

/* ---- what comes back ----------------------------------------------------------------------- */

static void
keep_value(char *out, size_t size, const char *value, size_t n)
{
	snprintf(out, size, "%.*s", (int)n, value);
}

/* As a head of HTTP/1 would have it. */
static void
keep_field(struct buf *head, const char *name, size_t name_size, const char *value,
    size_t value_size)
{
	if (!head->size)
		buf_puts(head, "HTTP/2\r\n");
	buf_append(head, name, name_size);
	buf_puts(head, ": ");
	buf_append(head, value, value_size);
	buf_puts(head, "\r\n");
}

static void
on_header(void *ctx, struct http2_stream *s, const char *name, size_t name_size, const char *value,
    size_t value_size)
{
	struct h2_slot *slot = (struct h2_slot *)s;

	(void)ctx;
	if (slot->kept)
		keep_field(&slot->kept->head, name, name_size, value, value_size);
	if (name_size == 12 && memcmp(name, "content-type", 12) == 0)
		keep_value(slot->content_type, sizeof(slot->content_type), value, value_size);
	else if (name_size == 16 && memcmp(name, "content-encoding", 16) == 0)
		keep_value(slot->content_encoding, sizeof(slot->content_encoding), value, value_size);
}

static void
on_head(void *ctx, struct http2_stream *s)
{
	struct h2_conn *c = ctx;
	exchange_first(&c->w->slots[slot_of(c->w, s)], c->at_ns);
}

static void
on_body(void *ctx, struct http2_stream *s, const char *bytes, size_t size)
{
	const struct h2_conn *c = ctx;
	struct h2_slot *slot = (struct h2_slot *)s;

	if (slot->kept)
		buf_append_cut(&slot->kept->body, bytes, size);
	if (slot->events) {
		slot->events->at_ns = c->at_ns;
		stream_body(slot->events, bytes, size);
	}
	if (slot->digest)
		digest_feed(slot->digest, slot->content_encoding, bytes, size);
}

static void
answered(struct h2_conn *c, const struct h2_slot *slot)
{
	int status = slot->stream.status;
	const struct reply a = {
		.status = status, .failed = status >= 500 || status == 429, .keep = true,
		.body_bytes = slot->stream.body_bytes, .content_type = slot->content_type,
		.content_encoding = slot->content_encoding,
	};
	exchange_answer(c->w, slot_of(c->w, &slot->stream), &a, c->at_ns);
}

/* Above the last stream of a GOAWAY a request crossed it on its way and was not looked at (RFC 9113,
 * 6.8). What is refused while the connection goes on is a server that has enough. */
static void
refused(struct h2_conn *c, uint32_t slot)
{
	if (c->h.goaway_last < 0) {
		exchange_fail(c->w, slot, OUTCOME_CLOSED, "the server refused the stream");
		return;
	}
	wire_drain(c->w, c->conn);
	exchange_move(c->w, slot, "the server refused the stream and ended the connection");
}

static void
on_ended(void *ctx, struct http2_stream *s, enum http2_end how)
{
	struct h2_conn *c = ctx;
	uint32_t slot = slot_of(c->w, s);

	switch (how) {
	case HTTP2_ANSWERED:
		answered(c, (struct h2_slot *)s);
		return;
	case HTTP2_RESET:
		exchange_fail(c->w, slot, OUTCOME_RESET, http2_code_name(s->error_code));
		return;
	case HTTP2_REFUSED:
		refused(c, slot);
		return;
	case HTTP2_BAD:
		exchange_fail(c->w, slot, OUTCOME_PROTOCOL, "an answer against the rules of HTTP");
		return;
	case HTTP2_LOST:
		exchange_fail(c->w, slot, OUTCOME_CLOSED, "the connection ended first");
	}
}

/* ---- the protocol -------------------------------------------------------------------------- */

static int
write_plain(struct worker *w, uint32_t conn)
{
	return w->plain.size ? wire_send(w, conn, w->plain.data, w->plain.size, false) : 0;
}

static int
h2_open(struct worker *w, uint32_t conn)
{
	struct h2_conn *c = wire_state(w, conn);

	c->w = w;
	c->conn = conn;
	c->sink = (struct http2_sink){
		.ctx = c, .header = on_header, .head = on_head, .body = on_body, .ended = on_ended,
	};
	buf_clear(&w->plain);
	int code = http2_open(&c->h, &c->sink, w->own, &w->plain);
	return code < 0 ? code : write_plain(w, conn);
}

/* The values of what varies, one after the other in s->text, and the request that points at them. */
static const struct http2_request *
render(struct worker *w, const struct route *r, const struct exchange *x, struct h2_slot *s)
{
	struct template_values v = exchange_values(w, x);
	size_t ends[HTTP2_FIELDS_MAX], n = 0, at = 0;

	if (!s->own && !(s->own = malloc(sizeof(*s->own))))
		abort();
	*s->own = *r->http2;
	buf_clear(&s->text);
	template_render(&r->path, &v, &s->text);
	ends[n++] = s->text.size;
	for (size_t i = 0; i < r->n_headers; i++) {
		if (template_is_static(&r->headers[i].value) || r->headers[i].http2_field < 0)
			continue;
		template_render(&r->headers[i].value, &v, &s->text);
		ends[n++] = s->text.size;
	}
	size_t body_at = s->text.size;
	if (r->has_body)
		template_render(&r->body, &v, &s->text);
	size_t body_size = s->text.size - body_at;
	buf_printf(&s->text, "%zu", body_size);
	const char *text = buf_text(&s->text);
	http2_request_vary(s->own, HTTP2_FIELD_PATH, text, ends[at++]);
	for (size_t i = 0; i < r->n_headers; i++) {
		if (template_is_static(&r->headers[i].value) || r->headers[i].http2_field < 0)
			continue;
		http2_request_vary(s->own, (size_t)r->headers[i].http2_field, text + ends[at - 1],
		    ends[at] - ends[at - 1]);
		at++;
	}
	if (r->has_body) {
		size_t length_at = body_at + body_size;
		http2_request_vary(s->own, (size_t)r->http2_length_field, text + length_at,
		    s->text.size - length_at);
		s->own->body = text + body_at;
		s->own->body_size = body_size;
	}
	return s->own;
}

static int
h2_send(struct worker *w, uint32_t conn, uint32_t slot)
{
	struct h2_conn *c = wire_state(w, conn);
	struct h2_slot *s = wire_slot_state(w, slot);
	const struct exchange *x = &w->slots[slot];
	const struct route *r = &w->program->routes[x->route];

	s->content_type[0] = s->content_encoding[0] = '\0';
	s->kept = exchange_capture(w, slot);
	s->events = exchange_stream(w, slot);
	s->digest = x->digest;
	int code = http2_request(&c->h, r->varies ? render(w, r, x, s) : r->http2, &s->stream);
	if (code == 0)
		wire_gather(w, conn);
	return code;
}

static int
h2_flush(struct worker *w, uint32_t conn)
{
	struct h2_conn *c = wire_state(w, conn);
	bool more = true;
	int code = 0;

	while (more && code == 0) {
		buf_clear(&w->plain);
		more = http2_flush(&c->h, &w->plain);
		code = write_plain(w, conn);
	}
	return code;
}

static const char *
h2_feed(struct worker *w, uint32_t conn, const char *bytes, size_t size, int64_t at_ns)
{
	struct h2_conn *c = wire_state(w, conn);

	c->at_ns = at_ns;
	buf_clear(&w->plain);
	enum http2_state state = http2_feed(&c->h, bytes, size, &w->plain);
	int code = write_plain(w, conn);
	if (c->h.more)
		wire_gather(w, conn);
	if (state == HTTP2_DEAD)
		return c->h.why;
	if (state == HTTP2_DRAINING)
		wire_drain(w, conn);
	return code < 0 ? strerror(-code) : NULL;
}

static bool
h2_cancel(struct worker *w, uint32_t conn, uint32_t slot)
{
	struct h2_conn *c = wire_state(w, conn);
	struct h2_slot *s = wire_slot_state(w, slot);

	if (!w->slots[slot].sent_ns)
		return true;
	http2_cancel(&c->h, &s->stream);
	wire_gather(w, conn);
	return true;
}

static void
h2_closed(struct worker *w, uint32_t conn)
{
	struct h2_conn *c = wire_state(w, conn);
	http2_close(&c->h);
}

static void
h2_worker_done(struct worker *w)
{
	http2_pool_done(w->own);
}

static void
h2_done(struct worker *w, uint32_t conn)
{
	for (uint32_t k = 0; k < w->depth; k++) {
		struct h2_slot *s = wire_slot_state(w, conn * w->depth + k);
		buf_done(&s->text);
		free(s->own);
	}
}

const struct protocol protocol_http2 = {
	.name = "HTTP/2",
	.state_bytes = sizeof(struct h2_conn),
	.slot_bytes = sizeof(struct h2_slot),
	.worker_bytes = sizeof(struct http2_pool),
	.alpn = "h2",
	.most_at_once = 1000,
	.usually_at_once = 32,
	.open = h2_open,
	.send = h2_send,
	.flush = h2_flush,
	.feed = h2_feed,
	.cancel = h2_cancel,
	.closed = h2_closed,
	.done = h2_done,
	.worker_done = h2_worker_done,
};

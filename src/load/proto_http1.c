/* SPDX-License-Identifier: MIT */
/* HTTP/1.1: one request at a time on a connection.
 *
 * Most answers of a route are the same bytes but for the date: the first complete one is kept as a
 * pattern, and an answer that equals it is not parsed again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "load/digest.h"
#include "load/exchange.h"
#include "load/program.h"
#include "load/stream.h"
#include "load/wire.h"
#include "net/http1.h"

#define HEAD_KEPT  512
#define DATE       "\r\nDate: "
#define DATE_BYTES 29          /* IMF-fixdate, RFC 9110 5.6.7 */

/* An answer that came whole and at once; `size` 0: none yet. */
struct pattern {
	size_t size, head, date;   /* date: where its bytes begin; head when it has none */
	struct http1 answer;
	char bytes[HEAD_KEPT];
};

static void
learn(struct pattern *p, const struct http1 *h, const char *bytes, size_t size)
{
	size_t head = size - (size_t)h->body_bytes;

	p->size = 0;
	if (!h->has_length || head > HEAD_KEPT)
		return;
	const char *date = memmem(bytes, head, DATE, strlen(DATE));
	p->size = size;
	p->head = head;
	p->date = date ? (size_t)(date - bytes) + strlen(DATE) : head;
	if (p->date + DATE_BYTES > head)
		p->date = head;
	p->answer = *h;
	p->answer.line = (struct buf){ 0 };
	memcpy(p->bytes, bytes, head);
}

static bool
is_same(const struct pattern *p, const char *bytes, size_t size)
{
	size_t after = p->date + DATE_BYTES;

	return p->size && size == p->size && memcmp(bytes, p->bytes, p->date) == 0 &&
	    (after >= p->head || memcmp(bytes + after, p->bytes + after, p->head - after) == 0);
}

struct http1_conn {
	struct http1 h;
	bool fresh;                /* h: started, and untouched since by an answer or by who looks at it */
	struct capture *kept;      /* of the answer under way; NULL: nobody looks at it */
	struct stream *stream;
	struct digest *digest;
};

static uint32_t
busy_slot(const struct worker *w, uint32_t conn)
{
	return w->slots[conn].list == SLOT_BUSY ? conn : UINT32_MAX;
}

static int
http1_wire_open(struct worker *w, uint32_t conn)
{
	(void)w;
	(void)conn;
	return 0;
}

static void
take_body(void *ctx, const char *bytes, size_t size)
{
	struct http1_conn *c = ctx;

	if (c->kept)
		buf_append_cut(&c->kept->body, bytes, size);
	if (c->stream)
		stream_body(c->stream, bytes, size);
	if (c->digest)
		digest_feed(c->digest, c->h.content_encoding, bytes, size);
}

/* Who looks at the answer to this request. */
static void
look_at(struct worker *w, struct http1_conn *c, uint32_t slot)
{
	c->kept = exchange_capture(w, slot);
	c->stream = exchange_stream(w, slot);
	c->digest = w->slots[slot].digest;
	if (!c->kept && !c->stream && !c->digest)
		return;
	c->fresh = false;
	c->h.head = c->kept ? &c->kept->head : NULL;
	c->h.body = take_body;
	c->h.body_ctx = c;
}

static int
http1_wire_send(struct worker *w, uint32_t conn, uint32_t slot)
{
	const struct route *r = &w->program->routes[w->slots[slot].route];
	struct http1_conn *c = wire_state(w, conn);

	if (!c->fresh || c->h.head_request != r->head)
		http1_start(&c->h, r->head);
	c->fresh = true;
	look_at(w, c, slot);
	if (!r->varies)
		return wire_send(w, conn, r->bytes, r->size, true);
	struct template_values v = exchange_values(w, &w->slots[slot]);
	buf_clear(&w->plain);
	program_render_http1(w->program, r, &v, &w->body, &w->plain);
	return wire_send(w, conn, w->plain.data, w->plain.size, false);
}

static void
complete(struct worker *w, uint32_t slot, const struct http1 *h, int64_t at_ns)
{
	bool failed = h->status >= 500 || h->status == 429;
	const struct reply a = {
		.status = h->status, .failed = failed, .keep = h->keep_alive,
		.body_bytes = h->body_bytes, .content_type = h->content_type,
		.content_encoding = h->content_encoding,
	};
	exchange_answer(w, slot, &a, at_ns);
}

static const char *
http1_wire_feed(struct worker *w, uint32_t conn, const char *bytes, size_t size, int64_t at_ns)
{
	struct http1_conn *c = wire_state(w, conn);
	struct http1 *h = &c->h;
	uint32_t slot = busy_slot(w, conn);
	size_t used;

	if (slot == UINT32_MAX)
		return "bytes came although nothing was asked";
	exchange_first(&w->slots[slot], at_ns);
	if (c->stream)
		c->stream->at_ns = at_ns;
	struct pattern *p = wire_route_state(w, w->slots[slot].route);
	bool begun = http1_begun(h);
	if (!begun && !h->body && is_same(p, bytes, size)) {
		complete(w, slot, &p->answer, at_ns);
		return NULL;
	}
	c->fresh = false;
	enum http1_verdict v = http1_feed(h, bytes, size, &used);
	if (v == HTTP1_MORE)
		return NULL;
	if (v == HTTP1_BAD)
		return h->why;
	if (used < size)
		return "more bytes came than the answer's length says";
	if (!begun)
		learn(p, h, bytes, size);
	complete(w, slot, h, at_ns);
	return NULL;
}

static void
http1_wire_end(struct worker *w, uint32_t conn, int64_t at_ns)
{
	struct http1 *h = &((struct http1_conn *)wire_state(w, conn))->h;
	uint32_t slot = busy_slot(w, conn);

	if (slot != UINT32_MAX && http1_end(h) == HTTP1_DONE)
		complete(w, slot, h, at_ns);
}

static void
http1_wire_closed(struct worker *w, uint32_t conn)
{
	(void)w;
	(void)conn;
}

static void
http1_wire_done(struct worker *w, uint32_t conn)
{
	struct http1_conn *c = wire_state(w, conn);
	http1_done(&c->h);
}

const struct protocol protocol_http1 = {
	.name = "HTTP/1.1",
	.state_bytes = sizeof(struct http1_conn),
	.route_bytes = sizeof(struct pattern),
	.most_at_once = 1,
	.usually_at_once = 1,
	.open = http1_wire_open,
	.send = http1_wire_send,
	.feed = http1_wire_feed,
	.end = http1_wire_end,
	.closed = http1_wire_closed,
	.done = http1_wire_done,
};

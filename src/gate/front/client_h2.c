/* SPDX-License-Identifier: MIT */
#include "gate/front/client_h2.h"

#include <stdlib.h>
#include <string.h>

#include "gate/front/client.h"
#include "gate/origin/errand.h"

/* Up to so much of a body is copied; more is left where it lies until it goes into frames. */
#define COPY_BYTES ((size_t)16 << 10)

struct h2_stream {
	struct client client;
	struct http2_inbound inbound;
	struct timer timer;    /* for its body, or for a window of its */
	struct h2 *h;
	struct h2_stream *next, **link;
	bool left;             /* nobody works for it any more */
	bool feeding;          /* its body is being looked at */
	bool body_ended;
	bool bodiless;         /* its answer */
	bool answered;         /* all of its answer is here */
	bool held;
	size_t owed;           /* of the window, while it is held */
	struct buf ahead;      /* of its body: not used yet */
	/* Of its answer: first what lies elsewhere, then copies. */
	struct engine_piece lasting[ENGINE_PIECES];
	uint32_t n_lasting, lasting_at;
	size_t lasting_bytes;
	struct buf copies;
	size_t copies_sent;
};

static struct h2_stream *
stream_of(struct client *c)
{
	return (struct h2_stream *)(void *)c;
}

static struct h2_stream *
owner_of(struct http2_inbound *s)
{
	return (struct h2_stream *)(void *)((char *)s - offsetof(struct h2_stream, inbound));
}

/* ---- the answer on its way out --------------------------------------------------------------- */

static size_t
waiting(const struct h2_stream *s)
{
	return s->lasting_bytes + s->copies.size - s->copies_sent;
}

/* What is small has been taken already, as far as who answers is concerned. */
static ssize_t
unsent(const struct h2_stream *s)
{
	return s->lasting_bytes || waiting(s) > COPY_BYTES ? (ssize_t)waiting(s) : 0;
}

static void
queue(struct h2_stream *s, const struct engine_piece *pieces, uint32_t n)
{
	size_t size = 0;

	for (uint32_t i = 0; i < n; i++)
		size += pieces[i].size;
	bool keep = size > COPY_BYTES && !waiting(s);
	for (uint32_t i = 0; i < n; i++) {
		keep = keep && pieces[i].lasting;
		if (keep) {
			s->lasting[s->n_lasting++] = pieces[i];
			s->lasting_bytes += pieces[i].size;
		} else {
			buf_append(&s->copies, pieces[i].bytes, pieces[i].size);
		}
	}
}

static void
take_lasting(struct h2_stream *s, size_t size, struct buf *out)
{
	while (size) {
		struct engine_piece *p = &s->lasting[s->lasting_at];
		size_t n = p->size < size ? p->size : size;
		buf_append(out, p->bytes, n);
		p->bytes = (const char *)p->bytes + n;
		p->size -= n;
		s->lasting_bytes -= n;
		size -= n;
		s->lasting_at += !p->size;
	}
	if (!s->lasting_bytes)
		s->n_lasting = s->lasting_at = 0;
}

static void
take_copies(struct h2_stream *s, size_t size, struct buf *out)
{
	buf_append(out, s->copies.data + s->copies_sent, size);
	s->copies_sent += size;
	if (s->copies_sent < s->copies.size)
		return;
	buf_clear(&s->copies);
	s->copies_sent = 0;
}

static void
set_timer(struct h2_stream *s, int64_t after_ns)
{
	struct gate_worker *w = s->client.w;
	timer_set(&w->timers, &s->timer, w->now_ns + after_ns);
}

static size_t
on_ready(void *ctx, struct http2_inbound *in, bool *ret_last)
{
	struct h2_stream *s = owner_of(in);

	*ret_last = s->answered;
	return waiting(s);
}

static void
on_take(void *ctx, struct http2_inbound *in, size_t size, struct buf *out)
{
	struct h2_stream *s = owner_of(in);
	struct client *c = &s->client;
	size_t first = size < s->lasting_bytes ? size : s->lasting_bytes;

	s->h->progressed = true;
	take_lasting(s, first, out);
	if (size > first)
		take_copies(s, size - first, out);
	if (!c->unsent)
		return;
	set_timer(s, c->w->config->timeouts.send_ns);
	if (waiting(s))
		return;
	c->unsent = 0;
	timer_stop(&s->timer);
	if (!s->left)
		client_ready(c);
}

/* Answers to HEAD, and those with a status that has none (RFC 9110, section 6.4.1). */
static bool
is_bodiless(const struct client *c, const char *status)
{
	return c->is_head || memcmp(status, "204", 3) == 0 || memcmp(status, "304", 3) == 0;
}

static bool
send_head(struct h2_stream *s, const struct engine_piece *p)
{
	struct text head = { p->bytes, p->size };

	if (head.size < strlen("HTTP/1.1 200"))
		return false;
	s->bodiless = is_bodiless(&s->client, head.at + strlen("HTTP/1.1 "));
	return http2_server_answer(&s->h->server, &s->inbound, head, s->bodiless) == 0;
}

static bool
h2_send(struct client *c, const struct engine_piece *pieces, uint32_t n, bool head)
{
	struct h2_stream *s = stream_of(c);

	h2_mark(s->h);
	if (head && !send_head(s, pieces)) {
		client_abort(c);
		return false;
	}
	if (s->bodiless)
		return true;
	queue(s, pieces + head, n - head);
	if (s->copies.truncated) {
		client_abort(c);
		return false;
	}
	c->unsent = unsent(s);
	if (c->unsent)
		set_timer(s, c->w->config->timeouts.send_ns);
	http2_server_ready(&s->h->server, &s->inbound);
	return true;
}

/* ---- the request's body ---------------------------------------------------------------------- */

/* So much of it was used: the client may send as much again, unless it is being held back. */
static void
consume(struct h2_stream *s, size_t size)
{
	s->owed += size;
	if ((s->held && !s->left) || !s->owed)
		return;
	http2_server_consumed(&s->h->server, &s->inbound, s->owed);
	s->owed = 0;
	h2_mark(s->h);
}

static size_t
feed(struct h2_stream *s, const char *bytes, size_t size)
{
	struct client *c = &s->client;
	size_t used = 0;

	s->feeding = true;
	while (used < size) {
		size_t n = s->left || s->answered ? size - used
		    : c->x ? errand_question(c->x, bytes + used, size - used) : 0;
		if (!n)
			break;
		used += n;
	}
	s->feeding = false;
	consume(s, used);
	return used;
}

static void
check_end(struct h2_stream *s)
{
	struct errand *x = s->client.x;

	if (!s->left && s->body_ended && !s->ahead.size && x && !x->question_ended)
		errand_question_over(x);
}

static void
h2_go_on(struct client *c)
{
	struct h2_stream *s = stream_of(c);
	struct buf ahead = s->ahead;

	c->ops->hold(c, false);
	if (s->feeding)
		return;
	s->ahead = (struct buf){ 0 };
	size_t used = ahead.size ? feed(s, ahead.data, ahead.size) : 0;
	if (!s->left && used < ahead.size)
		buf_append(&s->ahead, ahead.data + used, ahead.size - used);
	buf_done(&ahead);
	check_end(s);
}

static void
on_body(void *ctx, struct http2_inbound *in, const char *bytes, size_t size)
{
	struct h2_stream *s = owner_of(in);
	size_t used = s->ahead.size ? 0 : feed(s, bytes, size);

	if (!s->left && used < size)
		buf_append(&s->ahead, bytes + used, size - used);
}

static void
on_body_ended(void *ctx, struct http2_inbound *in)
{
	struct h2_stream *s = owner_of(in);

	s->body_ended = true;
	s->client.deaf = true;
	check_end(s);
}

static void
h2_hold(struct client *c, bool held)
{
	struct h2_stream *s = stream_of(c);

	s->held = held;
	if (!held && !s->left)
		consume(s, 0);
}

static void
h2_await_body(struct client *c, bool awaited)
{
	struct h2_stream *s = stream_of(c);

	if (awaited)
		set_timer(s, c->w->config->timeouts.body_ns);
	else
		timer_stop(&s->timer);
}

/* There are no tunnels. */
static void
h2_finish(struct client *c)
{
}

/* ---- streams --------------------------------------------------------------------------------- */

static const struct client_ops asker;

static void
leave(struct h2_stream *s)
{
	if (s->left)
		return;
	s->left = true;
	timer_remove(&s->client.w->timers, &s->timer);
	client_left(&s->client);
	consume(s, s->ahead.size);
	buf_done(&s->ahead);
}

static void
bury(struct h2_stream *s)
{
	leave(s);
	s->h->n_answered -= s->answered;
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	buf_done(&s->copies);
	gate_worker_bury(s->client.w, &s->client.grave);
}

static struct http2_inbound *
on_opened(void *ctx)
{
	struct h2 *h = ctx;
	struct h2_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	client_init(&s->client, h->front, &asker);
	s->client.keep_alive = true;
	s->timer.kind = TIMER_STREAM;
	s->h = h;
	s->next = h->streams;
	s->link = &h->streams;
	if (s->next)
		s->next->link = &s->next;
	h->streams = s;
	return &s->inbound;
}

static void
on_closed(void *ctx, struct http2_inbound *in)
{
	bury(owner_of(in));
}

static void
on_request(void *ctx, struct http2_inbound *in, struct text head, bool ended)
{
	struct h2_stream *s = owner_of(in);
	struct client *c = &s->client;
	struct http1_request *r = &c->w->request;
	size_t used;

	s->body_ended = c->deaf = ended;
	if (!head.size) {
		client_refuse(c, 431, "the request head is too large", true);
		return;
	}
	enum http1_verdict v = http1_request_parse(r, head.at, head.size, &used);
	if (v != HTTP1_DONE) {
		c->is_head = text_is(r->method, "HEAD");
		client_refuse(c, v == HTTP1_BAD ? r->status : 400, v == HTTP1_BAD ? r->why : "malformed head", true);
		return;
	}
	if (r->framing == HTTP1_CHUNKED)   /* so it says, but frames tell where it ends */
		r->framing = HTTP1_TO_END;
	client_begin(c, r, head);
}

static void
h2_answered(struct client *c)
{
	struct h2_stream *s = stream_of(c);
	size_t ahead = s->ahead.size;

	c->x = NULL;
	if (c->gone)
		return;
	visit_end(c);
	timer_stop(&s->timer);
	s->answered = true;
	s->h->n_answered++;
	s->held = false;
	buf_done(&s->ahead);
	consume(s, ahead);
	http2_server_ready(&s->h->server, &s->inbound);
	h2_mark(s->h);
}

static void
h2_abort(struct client *c)
{
	struct h2_stream *s = stream_of(c);

	http2_server_reset(&s->h->server, &s->inbound, NGHTTP2_INTERNAL_ERROR);
	h2_mark(s->h);
	leave(s);
}

void
h2_stream_due(struct timer *t)
{
	struct h2_stream *s = (struct h2_stream *)(void *)((char *)t - offsetof(struct h2_stream, timer));
	struct client *c = &s->client;

	if (!c->unsent && c->x && !c->x->question_ended)
		errand_question_late(c->x);
	else
		h2_abort(c);
}

static const struct client_ops asker = {
	.protocol = "HTTP/2.0", .framed = true,
	.send = h2_send, .hold = h2_hold, .go_on = h2_go_on, .await_body = h2_await_body, .finish = h2_finish,
	.answered = h2_answered, .abort = h2_abort,
};

/* ---- all of a connection --------------------------------------------------------------------- */

void
h2_leave_all(struct h2 *h)
{
	for (struct h2_stream *s = h->streams, *next; s; s = next) {
		next = s->next;
		leave(s);
	}
}

void
h2_bury_all(struct h2 *h)
{
	while (h->streams)
		bury(h->streams);
}

struct http2_server_sink
h2_sink(struct h2 *h)
{
	return (struct http2_server_sink){
		.ctx = h, .opened = on_opened, .request = on_request, .body = on_body,
		.body_ended = on_body_ended, .ready = on_ready, .take = on_take, .closed = on_closed,
	};
}

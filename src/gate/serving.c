/* SPDX-License-Identifier: MIT */
#include "gate/serving.h"

#include <stdlib.h>

#include "base/clock.h"
#include "cache/conditional.h"
#include "cache/head.h"
#include "gate/client.h"
#include "gate/flight.h"
#include "gate/refusal.h"

/* Given out at once before the client has to take some of it. */
#define STEP_BYTES ((uint64_t)256 << 10)

/* An answer that could not be given in one go. */
struct serving {
	struct grave grave;
	struct waiter waiter;
	struct client *client;
	const struct store_object *object;   /* held */
	struct store_cursor cursor;
	uint64_t end;                /* of the body's part that is sent */
};

/* ---- the head -------------------------------------------------------------------------------- */

static void
put_number(struct buf *b, int64_t n)
{
	char text[24];
	char *at = text + sizeof(text);
	uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (n < 0)
		*--at = '-';
	buf_append(b, at, (size_t)(text + sizeof(text) - at));
}

static void
put_status(struct buf *b, int status)
{
	buf_clear(b);
	if (status == 200) {
		buf_append(b, "HTTP/1.1 200 OK\r\n", 17);
		return;
	}
	buf_printf(b, "HTTP/1.1 %d %s\r\n", status, refusal_reason(status));
}

/* Of a 304 only what may have changed. */
static void
put_fields(struct buf *b, struct text head, bool only_304)
{
	struct http_field f;

	if (!only_304)
		buf_append(b, head.at, head.size);
	while (only_304 && cache_head_next(&head, &f)) {
		if (!cache_field_in_304(f.name))
			continue;
		buf_append(b, f.name.at, f.name.size);
		buf_append(b, ": ", 2);
		buf_append(b, f.value.at, f.value.size);
		buf_append(b, "\r\n", 2);
	}
}

void
serving_put_status(struct buf *b, const struct cache_status *status)
{
	char text[CACHE_STATUS_MAX];
	size_t n = cache_status_write(status, text);

	buf_append(b, "Cache-Status: ", 14);
	buf_append(b, text, n);
	buf_append(b, "\r\n", 2);
}

static void
put_cache_status(struct buf *b, const struct serving_how *how, int64_t ttl_s)
{
	serving_put_status(b, &(struct cache_status){ .cache = GATE_NAME, .has_ttl = true, .ttl_s = ttl_s,
	    .forward = how->hit ? CACHE_FORWARD_NONE : how->forward, .stored = !how->hit,
	    .collapsed = how->collapsed && !how->hit });
}

/* In words of the figures. */
static enum metric_cache
did_of(const struct serving_how *how, int64_t ttl_s)
{
	if (how->hit)
		return ttl_s < 0 ? CACHE_DID_STALE : CACHE_DID_HIT;
	if (how->collapsed)
		return CACHE_DID_WAIT;
	return how->forward == CACHE_FORWARD_STALE && !how->flight ? CACHE_DID_REVALIDATE : CACHE_DID_MISS;
}

static void
put_end(struct buf *b, struct client *c, bool old)
{
	static const char via[] = "Via: 1.1 " GATE_NAME "\r\n";

	buf_append(b, via, sizeof(via) - 1);
	if (c->w->draining)
		c->keep_alive = false;
	if (!c->keep_alive)
		buf_puts(b, "Connection: close\r\n");
	else if (old)
		buf_puts(b, "Connection: keep-alive\r\n");
	buf_append(b, "\r\n", 2);
}

/* ---- the body -------------------------------------------------------------------------------- */

static void
over(struct serving *s)
{
	struct client *c = s->client;

	flight_unpark(&s->waiter);
	store_release(c->w->store, s->object);
	c->serving = NULL;
	gate_worker_bury(c->w, &s->grave);
}

void
serving_left(struct serving *s)
{
	over(s);
}

static void
again(struct waiter *waiter)
{
	serving_go_on((struct serving *)(void *)((char *)waiter - offsetof(struct serving, waiter)));
}

/* What is there from the cursor on, as pieces behind those that are there already. */
static uint32_t
add_pieces(struct gate_worker *w, const struct store_object *o, struct store_cursor *cursor, uint64_t end,
    struct engine_piece *pieces, uint32_t n)
{
	struct iovec v[ENGINE_PIECES];
	uint64_t most = end - cursor->at < STEP_BYTES ? end - cursor->at : STEP_BYTES;
	size_t got = most ? store_read(w->store, o, cursor, v, ENGINE_PIECES - n, most) : 0;

	for (size_t i = 0; i < got; i++)
		pieces[n++] = (struct engine_piece){ v[i].iov_base, v[i].iov_len, true };
	return n;
}

/* True: it has all been taken, or the client is gone. */
static bool
give(struct serving *s)
{
	struct client *c = s->client;
	struct engine_piece pieces[ENGINE_PIECES];

	while (s->cursor.at < s->end && !c->unsent) {
		uint32_t n = add_pieces(c->w, s->object, &s->cursor, s->end, pieces, 0);
		if (!n)
			return false;
		if (!client_send(c, pieces, n))
			return true;
	}
	return s->cursor.at == s->end && !c->unsent;
}

/* Parked before it looks, so that nothing is missed. */
static bool
waits_for_more(struct serving *s)
{
	uint64_t bytes;

	if (s->client->unsent || s->cursor.at == s->end)
		return true;
	if (!s->waiter.link)
		flight_park(s->client->w, &s->waiter, s->waiter.flight);
	enum store_extent extent = store_body(s->client->w->store, s->object, &bytes);
	if (bytes > s->cursor.at)
		return false;
	if (extent == STORE_ARRIVING)
		return true;
	client_abort(s->client);   /* it broke off */
	return true;
}

void
serving_go_on(struct serving *s)
{
	struct client *c = s->client;

	do {
		if (!give(s))
			continue;
		if (c->serving == s) {
			over(s);
			client_answered(c);
		}
		return;
	} while (!waits_for_more(s));
}

/* ---- beginning ------------------------------------------------------------------------------- */

static void
keep_serving(struct client *c, const struct store_object *o, const struct store_cursor *cursor, uint64_t end,
    uint64_t flight)
{
	struct serving *s = calloc(1, sizeof(*s));

	if (!s) {
		client_abort(c);
		return;
	}
	*s = (struct serving){ .client = c, .object = o, .cursor = *cursor, .end = end,
		.waiter = { .again = again, .flight = flight } };
	store_hold(o);
	c->serving = s;
	serving_go_on(s);
}

/* Head and body in as few sends as they take; most answers need no more than this. */
static void
send_answer(struct client *c, const struct store_object *o, struct store_cursor *cursor, uint64_t end,
    uint64_t flight)
{
	struct gate_worker *w = c->w;
	struct engine_piece pieces[ENGINE_PIECES] = { { w->head.data, w->head.size, false } };
	uint32_t n = add_pieces(w, o, cursor, end, pieces, 1);

	if (!client_send(c, pieces, n))
		return;
	if (c->unsent || cursor->at < end)
		keep_serving(c, o, cursor, end, flight);
	else
		client_answered(c);
}

/* What is asked of a body of this size: a part only when it is one. */
static enum cache_answer_kind
kind_of(const struct inquiry *q, const struct cache_terms *t, struct text head, bool whole,
    struct cache_ranges *ranges)
{
	enum cache_answer_kind kind = CACHE_ANSWER_WHOLE;
	const uint32_t asks = REQUEST_RANGE | REQUEST_IF_NONE_MATCH | REQUEST_IF_MODIFIED_SINCE;

	if (q->request.has & asks)
		kind = cache_answer_kind(&q->request, &q->r->fields, t, cache_etag(t, head.at), ranges);
	bool one_part = kind == CACHE_ANSWER_PARTS && ranges->n == 1 && whole;
	return one_part || kind == CACHE_ANSWER_304 || kind == CACHE_ANSWER_416 ? kind : CACHE_ANSWER_WHOLE;
}

static void
put_content_range(struct buf *b, const struct cache_range *part, int64_t full)
{
	char text[CACHE_CONTENT_RANGE_MAX];
	size_t n = cache_content_range_write(part, full, text);

	buf_puts(b, "Content-Range: ");
	buf_append(b, text, n);
	buf_append(b, "\r\n", 2);
}

void
serving_begin(struct client *c, struct inquiry *q, const struct store_object *o,
    const struct cache_terms *terms, const struct serving_how *how)
{
	struct gate_worker *w = c->w;
	struct buf *b = &w->head;
	struct cache_terms t = *terms;
	struct cache_ranges ranges = { 0 };
	struct store_cursor cursor = { 0 };
	uint64_t bytes, end;

	store_body(w->store, o, &bytes);
	if (t.full_bytes == CACHE_NO_SIZE)
		t.full_bytes = (int64_t)bytes;
	struct text head = store_head(o);
	enum cache_answer_kind kind = kind_of(q, &t, head, !how->flight, &ranges);
	int status = kind == CACHE_ANSWER_304 ? 304 : kind == CACHE_ANSWER_416 ? 416 :
	    kind == CACHE_ANSWER_PARTS ? 206 : t.status;
	put_status(b, status);
	put_fields(b, head, kind == CACHE_ANSWER_304);
	end = kind == CACHE_ANSWER_WHOLE ? (uint64_t)t.full_bytes : 0;
	if (kind == CACHE_ANSWER_PARTS) {
		store_seek(w->store, o, &cursor, (uint64_t)ranges.at[0].first);
		end = (uint64_t)(ranges.at[0].first + ranges.at[0].bytes);
	}
	if (kind == CACHE_ANSWER_PARTS || kind == CACHE_ANSWER_416)
		put_content_range(b, kind == CACHE_ANSWER_416 ? NULL : &ranges.at[0], t.full_bytes);
	if (kind != CACHE_ANSWER_304 && t.status != 204) {
		buf_append(b, "Content-Length: ", 16);
		put_number(b, (int64_t)(end - cursor.at));
		buf_append(b, "\r\n", 2);
	}
	buf_append(b, "Age: ", 5);
	put_number(b, cache_age_s(&t, gate_wall_ns(w)));
	buf_append(b, "\r\n", 2);
	put_cache_status(b, how, cache_ttl_s(&t, gate_wall_ns(w)));
	visit_cache(c, did_of(how, cache_ttl_s(&t, gate_wall_ns(w))));
	put_end(b, c, q->r->old);
	if (q->request.method == CACHE_HEAD)
		end = cursor.at;
	visit_answer(c, status, b->size);
	send_answer(c, o, &cursor, end, how->flight);
}

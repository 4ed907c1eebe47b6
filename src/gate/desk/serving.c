/* SPDX-License-Identifier: MIT */
#include "gate/desk/serving.h"

#include <stdlib.h>

#include "base/clock.h"
#include "cache/conditional.h"
#include "cache/head.h"
#include "gate/compress/making.h"
#include "gate/compress/pack.h"
#include "gate/compress/squeeze.h"
#include "gate/desk/flight.h"
#include "gate/desk/parts.h"
#include "gate/front/body_out.h"
#include "gate/front/client.h"
#include "gate/front/refusal.h"

/* Given out at once before the client has to take some of it; less where that takes memory, for records or frames. */
#define STEP_BYTES   ((uint64_t)256 << 10)
#define COPIED_BYTES ((uint64_t)64 << 10)

/* An answer that could not be given in one go. */
struct serving {
	struct grave grave;
	struct waiter waiter;
	struct client *client;
	const struct store_object *object;   /* held; or a form of it */
	struct store_cursor cursor;
	uint64_t end;                /* of the body's part that is sent; of what is being made: not known */
	struct making *making;       /* it is compressed while it is sent; NULL: it goes as it is stored */
	struct parts *parts;         /* several ranges of it; NULL: one stretch */
	struct text head;            /* of a compressed one, until it is sent with the first of the body */
	bool made;                   /* all of it is on its way */
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

/* Of a 304 only what may have changed; of parts not what they say themselves. */
static bool
is_sent(struct text name, enum cache_answer_kind kind, bool many)
{
	if (kind == CACHE_ANSWER_304)
		return cache_field_in_304(name);
	return !text_is(name, "Content-Range") && !(many && text_is(name, "Content-Type"));
}

static void
put_fields(struct buf *b, struct text head, enum cache_answer_kind kind, bool many, struct compress_plan *plan)
{
	bool whole = kind == CACHE_ANSWER_WHOLE;
	struct http_field f;

	if (whole && plan->coding == CODING_IDENTITY && !plan->vary) {
		buf_append(b, head.at, head.size);
		return;
	}
	while (cache_head_next(&head, &f))
		if (whole || is_sent(f.name, kind, many))
			pack_put_field(b, &f, plan);
	pack_put_end(b, plan, plan->coding != CODING_IDENTITY && kind != CACHE_ANSWER_304);
}

/* A 304 speaks of what a 200 would be. */
static struct compress_plan
plan_of(const struct inquiry *q, const struct cache_terms *t, struct text head, enum cache_answer_kind kind)
{
	struct http_field all[HTTP1_FIELDS_MAX];
	struct http_fields fields = { .at = all };
	struct compress_plan plan = { .coding = CODING_IDENTITY };

	if (!q->route->compress.enabled || q->r->old ||
	    (kind != CACHE_ANSWER_WHOLE && kind != CACHE_ANSWER_304))
		return plan;
	while (fields.n < HTTP1_FIELDS_MAX && cache_head_next(&head, &all[fields.n]))
		fields.n++;
	return compress_decide(&q->route->compress, &q->r->fields, &(struct compress_answer){
	    .status = t->status, .body_bytes = t->full_bytes, .fields = &fields });
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
	    .collapsed = how->collapsed && !how->hit, .detail = how->from_l2 ? "l2" : NULL });
}

/* In words of the figures. */
static enum metric_cache
did_of(const struct serving_how *how, int64_t ttl_s)
{
	if (how->from_l2)
		return CACHE_DID_L2;
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
	making_leave(s->making);
	free(s->parts);
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
add_pieces(struct client *c, const struct store_object *o, struct store_cursor *cursor, uint64_t end,
    struct engine_piece *pieces, uint32_t n)
{
	struct iovec v[ENGINE_PIECES];
	uint64_t step = c->front->tls || c->ops->framed ? COPIED_BYTES : STEP_BYTES;
	uint64_t most = end - cursor->at < step ? end - cursor->at : step;
	size_t got = most ? store_read(c->w->store, o, cursor, v, ENGINE_PIECES - n, most) : 0;

	for (size_t i = 0; i < got; i++)
		pieces[n++] = (struct engine_piece){ v[i].iov_base, v[i].iov_len, true };
	return n;
}

/* What has been made beyond the cursor is on its way; true: that was all of it. */
static bool
add_made(struct serving *s, enum making_state state, struct body_out *o)
{
	struct store_worker *w = s->client->w->store;
	struct iovec v;
	uint64_t bytes;

	store_body(w, s->making->form, &bytes);
	for (int i = 0; i < 2 && store_read(w, s->making->form, &s->cursor, &v, 1, COPIED_BYTES); i++)
		body_out_data(o, (struct text){ v.iov_base, v.iov_len });
	return state == MAKING_IS_WHOLE && s->cursor.at == bytes;
}

/* Nothing of what was made is left to be sent. */
static bool
has_all_made(const struct serving *s)
{
	uint64_t bytes;

	store_body(s->client->w->store, s->making->form, &bytes);
	return s->cursor.at == bytes;
}

/* As give. The head goes at once, whoever is slow: it stands in the worker's scratch. */
static bool
give_made(struct serving *s)
{
	struct client *c = s->client;

	while (!s->made && (!c->unsent || s->head.size)) {
		struct body_out o = { .chunked = !c->ops->framed };
		enum making_state state = has_all_made(s) ? making_step(s->making) : s->making->state;
		if (state == MAKING_FAILED) {
			client_abort(c);
			return true;
		}
		body_out_head(&o, s->head);
		s->head.size = 0;
		s->made = add_made(s, state, &o);
		if (s->made)
			body_out_end(&o);
		bool more = o.n;
		if (more && !body_out_to(&o, c))
			return true;
		if (!more && state == MAKING_WAITS)
			return false;
	}
	return s->made && !c->unsent;
}

/* As give: of an object that is whole. */
static bool
give_parts(struct serving *s)
{
	struct client *c = s->client;

	while (!c->unsent && (s->cursor.at < s->end || parts_left(s->parts))) {
		struct engine_piece pieces[ENGINE_PIECES];
		char line[CACHE_PART_HEAD_MAX];
		uint32_t n = 0;
		if (s->cursor.at == s->end) {
			uint64_t first = 0;
			pieces[n++] = (struct engine_piece){ line, parts_next(s->parts, line, &first, &s->end), false };
			s->cursor = (struct store_cursor){ 0 };
			store_seek(c->w->store, s->object, &s->cursor, first);
		}
		n = add_pieces(c, s->object, &s->cursor, s->end, pieces, n);
		if (!client_send(c, pieces, n))
			return true;
	}
	return s->cursor.at == s->end && !parts_left(s->parts) && !c->unsent;
}

/* True: it has all been taken, or the client is gone. */
static bool
give(struct serving *s)
{
	struct client *c = s->client;
	struct engine_piece pieces[ENGINE_PIECES];

	if (s->making)
		return give_made(s);
	if (s->parts)
		return give_parts(s);
	while (s->cursor.at < s->end && !c->unsent) {
		uint32_t n = add_pieces(c, s->object, &s->cursor, s->end, pieces, 0);
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
	const struct store_cursor *at = s->making ? &s->making->cursor : &s->cursor;
	uint64_t bytes;

	if (s->client->unsent || (s->making ? s->made : s->cursor.at == s->end))
		return true;
	if (!s->waiter.link)
		flight_park(s->client->w, &s->waiter, s->waiter.flight);
	enum store_extent extent = store_body(s->client->w->store, s->object, &bytes);
	if (bytes > at->at)
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
    uint64_t flight, struct making *making, struct parts *parts)
{
	struct serving *s = calloc(1, sizeof(*s));

	if (!s) {
		making_leave(making);
		free(parts);
		client_abort(c);
		return;
	}
	*s = (struct serving){ .client = c, .object = o, .cursor = *cursor, .end = end, .making = making,
		.parts = parts, .head = { c->w->head.data, making ? c->w->head.size : 0 },
		.waiter = { .again = again, .flight = flight } };
	store_hold(o);
	c->serving = s;
	serving_go_on(s);
}

/* Head and body in as few sends as they take; most answers need no more than this. */
static void
send_answer(struct client *c, const struct store_object *o, struct store_cursor *cursor, uint64_t end,
    uint64_t flight, struct parts *parts)
{
	struct gate_worker *w = c->w;
	struct engine_piece pieces[ENGINE_PIECES] = { { w->head.data, w->head.size, false } };
	uint32_t n = add_pieces(c, o, cursor, end, pieces, 1);

	if (!client_answer(c, pieces, n))
		free(parts);
	else if (parts || c->unsent || cursor->at < end)
		keep_serving(c, o, cursor, end, flight, NULL, parts);
	else
		client_answered(c);
}

/* What is asked of it, when all of it is there, or so many bytes: an answer that is arriving gives the parts that
 * begin in what has come. */
static enum cache_answer_kind
kind_of(const struct inquiry *q, const struct cache_terms *t, struct text head, bool whole, uint64_t bytes,
    struct cache_ranges *ranges)
{
	enum cache_answer_kind kind = CACHE_ANSWER_WHOLE;
	const uint32_t asks = REQUEST_RANGE | REQUEST_IF_NONE_MATCH | REQUEST_IF_MODIFIED_SINCE;

	if ((q->request.has & asks) && q->request.method <= CACHE_HEAD)
		kind = cache_answer_kind(&q->request, &q->r->fields, t, cache_etag(t, head.at), ranges);
	if (kind == CACHE_ANSWER_PARTS && !whole)
		return ranges->n == 1 && (uint64_t)(ranges->at[0].first - t->first) <= bytes ? kind : CACHE_ANSWER_WHOLE;
	return kind == CACHE_ANSWER_MISSING ? CACHE_ANSWER_WHOLE : kind;
}

bool
serving_can(const struct inquiry *q, const struct store_object *o, const struct cache_terms *t)
{
	struct cache_ranges ranges;

	return cache_answer_kind(&q->request, &q->r->fields, t, cache_etag(t, store_head(o).at), &ranges) !=
	    CACHE_ANSWER_MISSING;
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

/* What goes out for the body of an object. */
struct coded {
	const struct store_object *form;   /* whole, a view; NULL: */
	struct making *making;             /* it is being made; NULL: it goes as it is stored, or there is no body */
};

/* The form that is there: the one that lasts rather than the one that is quick to make. */
static bool
find_form(const struct inquiry *q, const struct store_object *o, const struct cache_terms *t,
    struct compress_plan *plan, struct coded *ret)
{
	const struct store_object *lasting = form_find(q->w, o, plan->lasting);
	bool best = lasting && store_form_is_final(lasting);

	if (best)
		plan->coding = plan->lasting;
	ret->form = form_find(q->w, o, plan->coding);
	if (!ret->form)
		return false;
	metrics_add(q->w->metrics, METRIC_FORMS, plan->coding, 1);
	if (!best)
		squeeze_note(q, o, ret->form, plan->lasting, t);
	return true;
}

/* What is short enough is made at once. Where memory does not reach, the plan is changed. */
static struct coded
choose_body(const struct inquiry *q, const struct store_object *o, const struct cache_terms *t,
    enum cache_answer_kind kind, struct compress_plan *plan)
{
	struct coded ret = { 0 };

	if (plan->coding == CODING_IDENTITY || kind != CACHE_ANSWER_WHOLE || find_form(q, o, t, plan, &ret) ||
	    q->request.method == CACHE_HEAD)
		return ret;
	ret.making = making_join(q->w, o, (uint64_t)t->full_bytes, plan->coding);
	enum making_state state = ret.making ? making_step(ret.making) : MAKING_FAILED;
	if (state < MAKING_IS_WHOLE)
		return ret;
	making_leave(ret.making);
	ret = (struct coded){ .form = form_find(q->w, o, plan->coding) };
	if (!ret.form)
		*plan = (struct compress_plan){ .vary = plan->vary };
	return ret;
}

static int
status_of(enum cache_answer_kind kind, int stored)
{
	return kind == CACHE_ANSWER_304 ? 304 : kind == CACHE_ANSWER_416 ? 416 : kind == CACHE_ANSWER_PARTS ? 206 : stored;
}

static void
put_length(struct buf *b, int64_t bytes)
{
	buf_append(b, "Content-Length: ", 16);
	put_number(b, bytes);
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
	struct parts *parts = NULL;
	uint64_t bytes, end;

	store_body(w->store, o, &bytes);
	if (t.full_bytes == CACHE_NO_SIZE && !(t.flags & TERMS_PARTIAL))
		t.full_bytes = (int64_t)bytes;
	struct text head = store_head(o);
	enum cache_answer_kind kind = kind_of(q, &t, head, !how->flight, bytes, &ranges);
	if (kind == CACHE_ANSWER_PARTS && ranges.n > 1 && !(parts = parts_new(&ranges, &t, head))) {
		client_refuse(c, 503, "out of memory", false);
		return;
	}
	int status = status_of(kind, t.status);
	put_status(b, status);
	struct compress_plan plan = plan_of(q, &t, head, kind);
	struct coded coded = choose_body(q, o, &t, kind, &plan);
	put_fields(b, head, kind, parts, &plan);
	end = kind == CACHE_ANSWER_WHOLE ? (uint64_t)t.full_bytes : 0;
	if (coded.form)
		store_body(w->store, coded.form, &end);
	if (kind == CACHE_ANSWER_PARTS && !parts) {
		store_seek(w->store, o, &cursor, (uint64_t)(ranges.at[0].first - t.first));
		end = cursor.at + (uint64_t)ranges.at[0].bytes;
	}
	if (parts)
		parts_put_type(parts, b);
	else if (kind == CACHE_ANSWER_PARTS || kind == CACHE_ANSWER_416)
		put_content_range(b, kind == CACHE_ANSWER_416 ? NULL : &ranges.at[0], t.full_bytes);
	if (plan.coding != CODING_IDENTITY && kind == CACHE_ANSWER_WHOLE && !coded.form)
		buf_puts(b, c->ops->framed ? "" : "Transfer-Encoding: chunked\r\n");
	else if (kind != CACHE_ANSWER_304 && t.status != 204)
		put_length(b, parts ? parts_bytes(parts) : (int64_t)(end - cursor.at));
	buf_append(b, "Age: ", 5);
	put_number(b, cache_age_s(&t, gate_wall_ns(w)));
	buf_append(b, "\r\n", 2);
	put_cache_status(b, how, cache_ttl_s(&t, gate_wall_ns(w)));
	visit_cache(c, did_of(how, cache_ttl_s(&t, gate_wall_ns(w))));
	put_end(b, c, q->r->old);
	if (q->request.method == CACHE_HEAD)
		end = cursor.at;
	visit_answer(c, status, b->size);
	if (coded.making)
		keep_serving(c, o, &cursor, end, how->flight, coded.making, NULL);
	else
		send_answer(c, coded.form ? coded.form : o, &cursor, end, how->flight, parts);
}

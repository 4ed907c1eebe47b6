/* SPDX-License-Identifier: MIT */
/* The answer as the client gets it. */
#include "base/clock.h"
#include "cache/http_date.h"
#include "cache/invalidate.h"
#include "gate/compress/pack.h"
#include "gate/desk/serving.h"
#include "gate/front/body_out.h"
#include "gate/front/client.h"
#include "gate/front/refusal.h"
#include "gate/gate_int.h"
#include "gate/level2/l2_keep.h"
#include "gate/origin/attempt.h"
#include "gate/origin/fill.h"
#include "gate/origin/hedge.h"
#include "gate/origin/upstream.h"
#include "gate/warm/warm.h"

/* ---- the head -------------------------------------------------------------------------------- */

static void
put_line(struct buf *b, struct text name, struct text value)
{
	buf_append(b, name.at, name.size);
	buf_append(b, ": ", 2);
	buf_append(b, value.at, value.size);
	buf_append(b, "\r\n", 2);
}

static void
put_status(struct buf *b, const struct http1_response *r)
{
	buf_clear(b);
	buf_printf(b, "HTTP/1.1 %d ", r->status);
	if (r->reason.size)
		buf_append(b, r->reason.at, r->reason.size);
	else
		buf_puts(b, refusal_reason(r->status));
	buf_append(b, "\r\n", 2);
}

/* Whether this answer is compressed for its client. */
static struct compress_plan
plan_of(struct errand *x, const struct http1_response *r)
{
	struct compress_answer answer = { .status = r->status, .fields = &r->fields,
		.body_bytes = r->framing == HTTP1_LENGTH || r->length >= 0 ? r->length : -1 };
	struct compress_plan plan = { .coding = CODING_IDENTITY };
	struct inquiry q;

	if (!x->route->compress.enabled || !x->raw.size)
		return plan;
	inquiry_repeat(x->w, x->secure, &x->raw, &q);
	plan = compress_decide(&x->route->compress, &q.r->fields, &answer);
	x->answer_open = r->framing != HTTP1_LENGTH;
	bool head = x->is_head || r->framing == HTTP1_NO_BODY;
	if (plan.coding != CODING_IDENTITY && !x->old_client && !head)
		x->pack = pack_new(x->w, plan.coding);
	if (!x->pack && !(head && !x->old_client)) {
		plan.coding = CODING_IDENTITY;
		plan.weaken_etag = false;
	}
	return plan;
}

static void
put_coded_fields(struct buf *b, const struct http1_response *r, struct compress_plan *plan)
{
	for (const struct http_field *f = r->fields.at; f < r->fields.at + r->fields.n; f++)
		if (!text_is(f->name, "Content-Length") && !http1_is_hop_field(&r->fields, f->name))
			pack_put_field(b, f, plan);
	pack_put_end(b, plan, plan->coding != CODING_IDENTITY);
}

static void
put_fields(struct buf *b, const struct http1_response *r)
{
	for (const struct http_field *f = r->fields.at; f < r->fields.at + r->fields.n; f++)
		if (!text_is(f->name, "Content-Length") && !http1_is_hop_field(&r->fields, f->name))
			put_line(b, f->name, f->value);
}

/* How the client will know where the body ends. */
static void
put_framing(struct errand *x, struct buf *b, const struct http1_response *r, bool coded)
{
	struct client *c = x->client;
	bool open_end = r->framing == HTTP1_CHUNKED || r->framing == HTTP1_TO_END || coded;

	x->answer_chunked = open_end && !x->old_client && !c->ops->framed;
	if (open_end && x->old_client)
		c->keep_alive = false;
	if (!x->question_ended || x->w->draining)
		c->keep_alive = false;
	if (x->answer_chunked)
		buf_puts(b, "Transfer-Encoding: chunked\r\n");
	else if (r->length >= 0 && r->status != 204 && !open_end)
		buf_printf(b, "Content-Length: %lld\r\n", (long long)r->length);
	if (!c->keep_alive)
		buf_puts(b, "Connection: close\r\n");
	else if (x->old_client)
		buf_puts(b, "Connection: keep-alive\r\n");
}

/* RFC 9110, section 6.6.1: who has a clock adds what the server left out. */
static void
put_date(const struct errand *x, struct buf *b, const struct http1_response *r)
{
	char date[HTTP_DATE_SIZE];

	if (http_field_next(&r->fields, "Date", NULL))
		return;
	http_date_write(gate_wall_ns(x->w) / NS_PER_S, date);
	put_line(b, (struct text){ "Date", 4 }, (struct text){ date, HTTP_DATE_SIZE });
}

/* RFC 9211; only where a cache had a say. */
static void
put_cache_status(const struct errand *x, struct buf *b)
{
	if (!x->straight && !x->fill && !x->late && !x->detail)
		return;
	serving_put_status(b, &(struct cache_status){ .cache = GATE_NAME, .forward = x->forward,
	    .stored = x->fill, .detail = x->detail });
}

static void
write_head(struct errand *x, struct buf *b, const struct http1_response *r)
{
	struct compress_plan plan = plan_of(x, r);

	put_status(b, r);
	put_coded_fields(b, r, &plan);
	put_date(x, b, r);
	put_framing(x, b, r, plan.coding != CODING_IDENTITY);
	put_cache_status(x, b);
	buf_puts(b, "Via: 1.1 " GATE_NAME "\r\n\r\n");
}

/* ---- interim answers ------------------------------------------------------------------------- */

static bool
relay_interim(struct errand *x, const struct http1_response *r)
{
	struct buf *b = &x->w->head;

	if (x->old_client || !x->client)
		return true;
	put_status(b, r);
	put_fields(b, r);
	buf_append(b, "\r\n", 2);
	visit_answer(x->client, r->status, b->size);
	struct engine_piece p = { b->data, b->size, false };
	return client_answer(x->client, &p, 1);
}

/* The server has agreed to another protocol: from here on bytes are only moved. */
static void
open_tunnel(struct errand *x, const struct http1_response *r, const char *rest, size_t size)
{
	struct buf *b = &x->w->head;
	const struct http_field *upgrade = http_field_next(&r->fields, "Upgrade", NULL);

	put_status(b, r);
	put_fields(b, r);
	if (upgrade)
		put_line(b, upgrade->name, upgrade->value);
	buf_puts(b, "Connection: upgrade\r\n\r\n");
	struct engine_piece p[] = { { b->data, b->size, false }, { rest, size, false } };
	visit_answer(x->client, r->status, b->size);
	attempt_answered(x, r->status);
	x->state = ERRAND_TUNNEL;
	x->limit_ns = 0;   /* an exchange has an end */
	timer_stop(&x->timer);
	timer_set(&x->w->timers, &x->up->timer, x->w->now_ns + GATE_TUNNEL_NS);
	if (client_answer(x->client, p, size ? 2 : 1))
		client_go_on(x->client);
}

/* ---- the body -------------------------------------------------------------------------------- */

/* What has been compressed; where nobody knows when more comes, all that can be. */
static void
put_packed(struct errand *x, struct body_out *o, bool last)
{
	if (!x->pack)
		return;
	if (!last && x->answer_open)
		pack_feed(x->pack, "", 0, COMPRESS_FLUSH);
	body_out_data(o, (struct text){ x->pack->out.data, x->pack->out.size });
}

static bool
send_out(struct errand *x, struct body_out *o)
{
	if (!x->client) {   /* all that comes is for the store */
		body_out_clear(o);
		pack_free(x->pack);
		x->pack = NULL;
		return x->fill;
	}
	bool ok = !o->n || body_out_to(o, x->client);

	if (x->pack && ok)
		pack_sent(x->pack);

	body_out_clear(o);
	if (ok && x->client && x->client->unsent > GATE_UNSENT_MAX && x->up)
		up_hold(x->up, true);
	return ok;
}

/* Compressed bytes are put out where the stretch ends, so that the buffer does not move. False: it has failed. */
static bool
put_data(struct errand *x, struct body_out *o, struct text data, bool last)
{
	if (!x->pack)
		body_out_data(o, data);
	else if (!pack_feed(x->pack, data.at, data.size, last ? COMPRESS_FINISH : COMPRESS_MORE)) {
		errand_fail(x, 500, "the answer cannot be compressed");
		return false;
	}
	if (last)
		put_packed(x, o, true);
	if (last)
		body_out_end(o);
	return true;
}

/* What stands in `o` goes out with the body's first stretch. */
static void
relay_body(struct errand *x, struct body_out *o, const char *bytes, size_t size)
{
	enum http1_verdict v = http1_body_ended(&x->answer) ? HTTP1_DONE : HTTP1_MORE;
	size_t used = 0, n;

	if (v == HTTP1_DONE && o->chunked)   /* a HEAD has a head alone */
		o->chunked = false;
	while (v == HTTP1_MORE && used < size) {
		struct text data;
		v = http1_body_feed(&x->answer, bytes + used, size - used, &n, &data);
		used += n;
		fill_data(x, data);
		if (!put_data(x, o, data, v == HTTP1_DONE))
			return;
		if (v == HTTP1_BAD || (body_out_is_full(o) && !send_out(x, o)))
			break;
	}
	if (v == HTTP1_BAD) {
		errand_fail(x, 502, x->answer.why);
		return;
	}
	if (x->state == ERRAND_OVER)
		return;
	if (v != HTTP1_DONE)
		put_packed(x, o, false);
	if (!send_out(x, o)) {
		if (x->state != ERRAND_OVER && !x->client && !x->fill)
			errand_fail(x, 499, "nobody is left to take it");
		return;
	}
	if (used < size)   /* more than an answer: what follows belongs to nobody */
		x->answer_last = true;
	if (v == HTTP1_DONE)
		errand_complete(x);
	else
		timer_set(&x->w->timers, &x->up->timer,
		    x->w->now_ns + x->server->upstream->timeouts.body_ns);
}

/* A request that changed something makes what is stored of it worthless (RFC 9111, section 4.4). */
static void
invalidate(struct errand *x, const struct http1_response *r)
{
	struct gate_worker *w = x->w;
	struct inquiry q;
	char text[CACHE_KEY_MAX];
	struct cache_key outdated;
	struct cache_answer answer = {
		.status = r->status, .fields = r->fields,
		.requested_ns = x->requested_ns, .received_ns = gate_wall_ns(w),
	};

	inquiry_repeat(w, x->secure, &x->raw, &q);
	struct store_moment now = store_moment(w->store, q.key.uri);
	bool latest = memcmp(&now, &x->moment, sizeof(now)) == 0;
	for (int i = 0; cache_next_outdated(&q.request, &q.key, &answer, &i, text, &outdated);) {
		uint32_t n = store_purge_key(w->store, outdated.uri, STORE_PURGE_HARD);
		l2_forget(w, outdated.uri);
		warm_updated(w->gate->warm, outdated.uri, n);
	}
	if (latest)   /* its own answer is not outdated by it */
		x->moment = store_moment(w->store, q.key.uri);
}

/* The client has been served otherwise, or is gone. */
static void
finish_for_store(struct errand *x, enum fill_verdict v, const char *rest, size_t size)
{
	struct body_out o = { 0 };

	if (v == FILL_OVER && !http1_body_ended(&x->answer))
		x->answer_last = true;
	if (v == FILL_OVER || http1_body_ended(&x->answer))
		errand_complete(x);
	else
		relay_body(x, &o, rest, size);
}

static void
begin_answer(struct errand *x, const struct http1_response *r, const char *rest, size_t size)
{
	struct buf *b = &x->w->head;
	struct body_out o = { 0 };

	x->state = ERRAND_ANSWERING;
	x->answer_last = !r->keep_alive;
	http1_body_start(&x->answer, r->framing, r->length);
	if (x->attempt.open)
		attempt_answered(x, r->status);
	if (x->unsafe)
		invalidate(x, r);
	enum fill_verdict v = x->fill || x->late ? fill_head(x, r) : FILL_RELAY;
	if (v == FILL_OVER || !x->client) {
		finish_for_store(x, v, rest, size);
		return;
	}
	write_head(x, b, r);
	visit_answer(x->client, r->status, b->size);
	if (x->route->cache.enabled)
		visit_cache(x->client, x->straight ? CACHE_DID_PASS : CACHE_DID_MISS);
	o.chunked = x->answer_chunked;
	body_out_head(&o, (struct text){ b->data, b->size });
	relay_body(x, &o, rest, size);
}

void
answer_whole(struct errand *x, const struct http1_response *r, struct text body)
{
	begin_answer(x, r, body.at, body.size);
}

/* ---- what comes ------------------------------------------------------------------------------ */

/* A head is there; returns false when that was it with this errand's heads. */
static bool
on_head(struct errand *x, const struct http1_response *r, const char *rest, size_t size)
{
	if (r->status == 101 && x->upgrades) {
		open_tunnel(x, r, rest, size);
		return false;
	}
	if (r->status == 101) {
		errand_fail(x, 502, "the server switches protocols unasked");
		return false;
	}
	if (r->status < 200)
		return relay_interim(x, r);
	x->upgrades = false;
	begin_answer(x, r, rest, size);
	return false;
}

/* Heads from the bytes, one behind the other; returns how many bytes were of them. */
static size_t
take_heads(struct errand *x, const char *bytes, size_t size)
{
	struct http1_response *r = &x->w->response;
	size_t at = 0, used;

	while (at < size) {
		enum http1_verdict v = http1_response_parse(r, x->is_head, bytes + at, size - at, &used);
		if (v == HTTP1_BAD)
			errand_fail(x, 502, r->why);
		if (v != HTTP1_DONE)
			return v == HTTP1_BAD ? size : at;
		at += used;
		if (!on_head(x, r, bytes + at, size - at))
			return size;
	}
	return at;
}

void
answer_received(struct errand *x, const char *bytes, size_t size)
{
	struct up *u = x->up;

	if (x->other.server && !hedge_first_answers(x, bytes, size))
		return;
	x->repeatable = false;
	if (x->state == ERRAND_ANSWERING) {
		struct body_out o = { .chunked = x->answer_chunked };
		relay_body(x, &o, bytes, size);
		return;
	}
	struct buf before = u->head;
	if (before.size) {
		buf_append(&before, bytes, size);
		u->head = (struct buf){ .cap_bytes = before.cap_bytes };
		bytes = before.data;
		size = before.size;
	}
	size_t used = before.truncated ? 0 : take_heads(x, bytes, size);
	if (used < size && !before.truncated)
		buf_append(&u->head, bytes + used, size - used);
	if (before.truncated || u->head.truncated)
		errand_fail(x, 502, "the server's response head is too large");
	if (before.size)
		buf_done(&before);
}

bool
answer_ended(struct errand *x)
{
	struct body_out o = { .chunked = x->answer_chunked };

	if (!http1_body_to_end(&x->answer))
		return false;
	if (!put_data(x, &o, (struct text){ "", 0 }, true))
		return true;
	return !x->client || send_out(x, &o);
}

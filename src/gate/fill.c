/* SPDX-License-Identifier: MIT */
#include "gate/fill.h"

#include "base/clock.h"
#include "cache/head.h"
#include "cache/tags.h"
#include "cache/update.h"
#include "gate/client.h"
#include "gate/desk.h"
#include "gate/flight.h"
#include "gate/gate_int.h"
#include "gate/serving.h"

/* How long a key is known not to be worth waiting for. */
#define UNCACHEABLE_NS (30 * NS_PER_S)

_Static_assert(sizeof(struct cache_terms) <= STORE_TERMS_MAX, "terms fit beside an object");

/* ---- ends ------------------------------------------------------------------------------------ */

static void
let_go_of_stale(struct errand *x)
{
	if (x->stale)
		store_release(x->w->store, x->stale);
	x->stale = NULL;
}

void
fill_abort(struct errand *x, int status)
{
	struct store_fill *f = x->fill;

	x->fill = NULL;
	if (f)
		store_abort(x->w->store, f);
	if (f && status)
		flight_failed(x->w, x->flight, status);
	else if (f)
		flight_progress(x->w, x->flight);
	let_go_of_stale(x);
}

void
fill_finish(struct errand *x)
{
	struct store_fill *f = x->fill;

	x->fill = NULL;
	if (!f)
		return;
	store_finish(x->w->store, f);
	flight_progress(x->w, x->flight);
}

static void
refuse(struct errand *x, enum cache_refusal why)
{
	struct store_fill *f = x->fill;

	x->detail = cache_refusal_name(why);
	if (!cache_refusal_lasts(why)) {
		fill_abort(x, 0);
		return;
	}
	x->fill = NULL;
	store_refuse(x->w->store, f, x->w->now_ns + UNCACHEABLE_NS);
	flight_progress(x->w, x->flight);
	let_go_of_stale(x);
}

/* Both serve the client away from the errand, which it leaves first. */
static void
serve(struct errand *x, struct inquiry *q, const struct store_object *o, const struct cache_terms *t,
    bool whole)
{
	struct client *c = x->client;

	if (!c)
		return;
	errand_part(x);
	serving_begin(c, q, o, t,
	    &(struct serving_how){ .forward = x->forward, .flight = whole ? 0 : x->flight });
}

bool
fill_serve_stale(struct errand *x, int status)
{
	struct gate_worker *w = x->w;
	const struct cache_terms *t = x->stale ? store_terms(x->stale) : NULL;
	struct client *c = x->client;
	struct inquiry q;

	if (!t)
		return false;
	inquiry_repeat(w, x->secure, &x->raw, &q);
	if (!cache_serves_on_error(&q.request, t, q.policy, status, gate_wall_ns(w)))
		return false;
	if (!c)
		return true;
	errand_part(x);
	serving_begin(c, &q, x->stale, t, &(struct serving_how){ .hit = true });
	return true;
}

/* ---- the head -------------------------------------------------------------------------------- */

/* False: it has more tags than can be told apart, and a purge of one could miss it. */
static bool
meta_of(const struct errand *x, const struct inquiry *q, const struct cache_terms *t, struct text head,
    struct text vary, uint64_t tags[STORE_TAGS_MAX], struct store_meta *ret)
{
	int n_tags = cache_tags_read(head, tags, STORE_TAGS_MAX);
	int64_t wall = gate_wall_ns(x->w), now = x->w->now_ns;
	int64_t useful = cache_useful_until_ns(t, q->policy) - wall;

	*ret = (struct store_meta){
		.head = head, .vary = vary, .terms = t, .terms_size = sizeof(*t),
		.tags = tags, .n_tags = n_tags < 0 ? 0 : (size_t)n_tags,
		.expires_ns = useful < INT64_MAX - now ? now + useful : INT64_MAX,
		.cost_us = (uint64_t)(wall - x->requested_ns) / NS_PER_US,
		.body_bytes = t->full_bytes,
	};
	return n_tags >= 0;
}

/* What is stored was confirmed. */
static enum fill_verdict
renew(struct errand *x, struct inquiry *q, const struct cache_answer *answer)
{
	struct gate_worker *w = x->w;
	struct buf *b = &w->head;
	struct cache_terms t;
	struct store_fill *f = x->fill;

	buf_clear(b);
	enum cache_refusal why = cache_update(&q->request, &q->key, store_terms(x->stale),
	    store_head(x->stale), answer, q->policy, &t, b);
	x->fill = NULL;
	if (why == CACHE_STORE) {
		struct text head = { b->data, b->size };
		uint64_t tags[STORE_TAGS_MAX];
		struct store_meta meta;
		if (meta_of(x, q, &t, head, store_vary(x->stale), tags, &meta))
			store_renew(w->store, f, x->stale, &meta);
		else
			store_abort(w->store, f);
	} else {
		store_abort(w->store, f);
	}
	if (why != CACHE_STORE && why != CACHE_NOT_REQUEST)
		store_purge_key(w->store, q->key.uri, STORE_PURGE_HARD);
	flight_progress(w, x->flight);
	struct store_ask ask = inquiry_ask(q);
	struct store_found found;
	bool renewed = why == CACHE_STORE && store_find(w->store, &ask, &found) == STORE_FOUND;
	const struct store_object *o = renewed ? found.object : x->stale;
	serve(x, q, o, store_terms(o), true);
	return FILL_OVER;
}

/* The server has confirmed another version than what is stored: that is of no use. */
static enum fill_verdict
ask_anew(struct errand *x, struct inquiry *q)
{
	struct client *c = x->client;
	struct buf raw = x->raw;

	store_purge_key(x->w->store, q->key.uri, STORE_PURGE_HARD);
	x->raw = (struct buf){ 0 };
	fill_abort(x, 0);
	if (c) {
		errand_part(x);
		desk_decide(c, q, (struct text){ raw.data, raw.size }, true);
	}
	buf_done(&raw);
	return FILL_OVER;
}

static enum fill_verdict
store_answer(struct errand *x, struct inquiry *q, const struct http1_response *r, struct cache_terms *t)
{
	struct gate_worker *w = x->w;
	struct buf *b = &w->head;
	char vary[CACHE_VARY_MAX];
	int n = cache_vary_write(&r->fields, &q->r->fields, vary);

	if (n < 0) {
		refuse(x, CACHE_NOT_VARY);
		return FILL_RELAY;
	}
	t->full_bytes = r->framing == HTTP1_NO_BODY ? 0
	    : r->framing == HTTP1_LENGTH ? r->length : CACHE_NO_SIZE;
	buf_clear(b);
	cache_head_write(&r->fields, q->policy, t, b);
	uint64_t tags[STORE_TAGS_MAX];
	struct store_meta meta;
	if (!meta_of(x, q, t, (struct text){ b->data, b->size }, (struct text){ vary, (size_t)n }, tags,
	    &meta)) {
		refuse(x, CACHE_NOT_FRESH);
		x->detail = "too-many-tags";
		return FILL_RELAY;
	}
	if (b->size > CACHE_HEAD_MAX || store_fill_head(w->store, x->fill, &meta) < 0) {
		x->detail = "too-large";
		refuse(x, CACHE_NOT_FRESH);
		return FILL_RELAY;
	}
	let_go_of_stale(x);
	flight_progress(w, x->flight);
	if (t->full_bytes == CACHE_NO_SIZE)
		return x->client ? FILL_BOTH : FILL_STORED;
	serve(x, q, store_fill_object(x->fill), t, false);
	return FILL_STORED;
}

/* Errors are shared by those who wait, when they are not one client's own. */
static bool
is_shared_failure(int status, enum cache_refusal why)
{
	return status >= 500 && (why == CACHE_NOT_FRESH || why == CACHE_NOT_STATUS);
}

enum fill_verdict
fill_head(struct errand *x, const struct http1_response *r)
{
	struct gate_worker *w = x->w;
	struct inquiry q;
	struct cache_terms t;
	struct cache_answer answer = {
		.status = r->status, .fields = r->fields,
		.requested_ns = x->requested_ns, .received_ns = gate_wall_ns(w),
	};

	inquiry_repeat(w, x->secure, &x->raw, &q);
	if (x->stale) {
		enum cache_outcome outcome = cache_outcome(store_terms(x->stale),
		    store_head(x->stale), &answer);
		if (outcome == CACHE_CONFIRMED)
			return renew(x, &q, &answer);
		if (outcome == CACHE_FOREIGN)
			return ask_anew(x, &q);
		if (outcome == CACHE_FAILED && fill_serve_stale(x, r->status)) {
			fill_abort(x, r->status);
			return FILL_OVER;
		}
	}
	enum cache_refusal why = cache_storable(&q.request, &q.key, &answer, q.policy, &t);
	if (why == CACHE_STORE && r->status != 206)
		return store_answer(x, &q, r, &t);
	if (x->stale && r->status < 500)
		store_purge_key(w->store, q.key.uri, STORE_PURGE_HARD);
	if (is_shared_failure(r->status, why)) {
		x->detail = cache_refusal_name(why);
		fill_abort(x, r->status);
	} else {
		refuse(x, why == CACHE_STORE ? CACHE_NOT_RANGE : why);
	}
	return x->client ? FILL_RELAY : FILL_OVER;
}

bool
fill_data(struct errand *x, struct text data)
{
	if (!x->fill || !data.size)
		return x->fill;
	if (store_append(x->w->store, x->fill, data.at, data.size) < 0) {
		fill_abort(x, 0);
		return false;
	}
	const struct cache_terms *t = store_terms(store_fill_object(x->fill));
	if (t->full_bytes != CACHE_NO_SIZE)
		flight_progress(x->w, x->flight);
	return true;
}

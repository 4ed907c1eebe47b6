/* SPDX-License-Identifier: MIT */
#include "gate/origin/fill.h"

#include "base/clock.h"
#include "cache/head.h"
#include "cache/tags.h"
#include "cache/update.h"
#include "gate/desk/desk.h"
#include "gate/desk/flight.h"
#include "gate/desk/serving.h"
#include "gate/front/client.h"
#include "gate/gate_int.h"
#include "gate/level2/l2_keep.h"

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
	if (x->part)
		store_release(x->w->store, x->part);
	x->part = NULL;
}

void
fill_finish(struct errand *x)
{
	struct store_fill *f = x->fill;
	struct inquiry q;

	if (!f || !fill_part_tail(x)) {
		fill_abort(x, 0);
		return;
	}
	x->fill = NULL;
	const struct store_object *o = store_fill_object(f);
	store_finish(x->w->store, f);
	flight_progress(x->w, x->flight);
	if (!x->w->l2)
		return;
	inquiry_repeat(x->w, x->secure, &x->raw, &q);
	l2_keep(x->w, &q, o, x->known);
}

void
fill_refuse(struct errand *x, enum cache_refusal why)
{
	struct store_fill *f = x->fill;

	x->detail = cache_refusal_name(why);
	if (!f || !cache_refusal_lasts(why)) {
		fill_abort(x, 0);
		return;
	}
	x->fill = NULL;
	store_refuse(x->w->store, f, x->w->now_ns + UNCACHEABLE_NS);
	flight_progress(x->w, x->flight);
	let_go_of_stale(x);
}

/* Both serve the client away from the errand, which it leaves first. */
void
fill_serve(struct errand *x, struct inquiry *q, const struct store_object *o, const struct cache_terms *t,
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

/* Has the errand a fill? A late one has it from now on, if it can be had. */
static bool
announce(struct errand *x, struct inquiry *q)
{
	struct store_ask ask = inquiry_ask(q);
	uint64_t other;

	if (x->fill || !x->late || !x->question_ended)
		return x->fill;
	ask.since = &x->moment;
	x->flight = flight_number(x->w);
	return store_begin(x->w->store, &ask, (struct text){ 0 }, x->flight, &x->fill, &other) == 0;
}

/* With a second level behind, memory holds nothing for longer than its own time to live. */
bool
fill_meta(const struct gate_worker *w, const struct inquiry *q, const struct cache_terms *t, struct text head,
    struct text vary, uint64_t tags[STORE_TAGS_MAX], struct store_meta *ret)
{
	int n_tags = cache_tags_read(head, tags, STORE_TAGS_MAX);
	int64_t useful = cache_useful_until_ns(t, q->policy) - gate_wall_ns(w);
	int64_t most = w->config->cache.ttl_ns ? w->config->cache.ttl_ns : INT64_MAX;

	if (useful > most)
		useful = most;
	*ret = (struct store_meta){
		.head = head, .vary = vary, .terms = t, .terms_size = sizeof(*t),
		.tags = tags, .n_tags = n_tags < 0 ? 0 : (size_t)n_tags,
		.expires_ns = useful < INT64_MAX - w->now_ns ? w->now_ns + useful : INT64_MAX,
		.body_bytes = t->flags & TERMS_PARTIAL ? t->held : t->full_bytes,
	};
	return n_tags >= 0;
}

/* What the origin took for it so far. */
static uint32_t
cost_us(const struct errand *x)
{
	int64_t us = (gate_wall_ns(x->w) - x->requested_ns) / NS_PER_US;
	return us < 0 ? 0 : us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

static bool
meta_of(const struct errand *x, const struct inquiry *q, const struct cache_terms *t, struct text head,
    struct text vary, uint64_t tags[STORE_TAGS_MAX], struct store_meta *ret)
{
	bool ok = fill_meta(x->w, q, t, head, vary, tags, ret);

	ret->cost_us = cost_us(x);
	return ok;
}

/* What is stored may be as good as before, for others. */
static bool
is_about_asker(enum cache_refusal why)
{
	return why == CACHE_NOT_REQUEST || why == CACHE_NOT_AUTHORIZED;
}

/* The stored body under a new head. False: it could not be, or must not. */
static bool
update(struct errand *x, struct inquiry *q, const struct cache_answer *answer)
{
	struct gate_worker *w = x->w;
	struct buf *b = &w->head;
	struct cache_terms t;

	buf_clear(b);
	enum cache_refusal why = cache_update(&q->request, &q->key, store_terms(x->stale),
	    store_head(x->stale), answer, q->policy, &t, b);
	t.cost_us = cost_us(x);
	uint64_t tags[STORE_TAGS_MAX];
	struct store_meta meta;
	bool updates = why == CACHE_STORE && b->size <= CACHE_HEAD_MAX && announce(x, q) &&
	    meta_of(x, q, &t, (struct text){ b->data, b->size }, store_vary(x->stale), tags, &meta);
	struct store_fill *f = x->fill;
	x->fill = NULL;
	if (updates)
		updates = store_renew(w->store, f, x->stale, &meta) == 0;
	else if (f)
		store_abort(w->store, f);
	if (why != CACHE_STORE && !is_about_asker(why))
		store_purge_key(w->store, q->key.uri, STORE_PURGE_HARD);
	if (f)
		flight_progress(w, x->flight);
	return updates;
}

/* What is stored was confirmed. */
static enum fill_verdict
renew(struct errand *x, struct inquiry *q, const struct cache_answer *answer)
{
	struct store_found found;

	bool renewed = update(x, q, answer);
	struct store_ask ask = inquiry_ask(q);
	renewed = renewed && store_find(x->w->store, &ask, &found) == STORE_FOUND;
	const struct store_object *o = renewed ? found.object : x->stale;
	if (renewed)
		l2_keep(x->w, q, o, x->known);
	fill_serve(x, q, o, store_terms(o), true);
	return FILL_OVER;
}

/* The answer to a HEAD tells whether what is stored still holds (RFC 9111, section 4.3.5). */
static enum fill_verdict
take_head(struct errand *x, struct inquiry *q, const struct cache_answer *answer)
{
	if (answer->status >= 500 && fill_serve_stale(x, answer->status))
		return FILL_OVER;
	if (answer->status == 200 && cache_head_agrees(store_terms(x->stale), store_head(x->stale), answer))
		update(x, q, answer);
	else if (answer->status == 200)
		store_purge_key(x->w->store, q->key.uri, STORE_PURGE_HARD);
	let_go_of_stale(x);
	return FILL_RELAY;
}

/* The server has confirmed another version than what is stored: that is of no use. */
enum fill_verdict
fill_ask_anew(struct errand *x, struct inquiry *q)
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

/* What requests for it are told apart by: what the answer names, and what the route does. */
static int
write_vary(const struct inquiry *q, const struct http_fields *answer, char out[CACHE_VARY_MAX])
{
	struct http_field all[HTTP1_FIELDS_MAX + 1];
	const char *more = q->route->cache.vary_text;

	if (!more)
		return cache_vary_write(answer, &q->r->fields, out);
	memcpy(all, answer->at, answer->n * sizeof(*all));
	all[answer->n] = (struct http_field){ { "Vary", 4 }, { more, strlen(more) } };
	return cache_vary_write(&(struct http_fields){ all, answer->n + 1 }, &q->r->fields, out);
}

enum fill_verdict
fill_store(struct errand *x, struct inquiry *q, const struct http1_response *r, const struct cache_terms *t,
    struct text head)
{
	struct gate_worker *w = x->w;
	char vary[CACHE_VARY_MAX];
	int n = write_vary(q, &r->fields, vary);

	if (n < 0) {
		fill_refuse(x, CACHE_NOT_VARY);
		return FILL_RELAY;
	}
	if (!announce(x, q)) {
		let_go_of_stale(x);
		return FILL_RELAY;
	}
	uint64_t tags[STORE_TAGS_MAX];
	struct store_meta meta;
	bool tagged = meta_of(x, q, t, head, (struct text){ vary, (size_t)n }, tags, &meta);
	if (!tagged || head.size > CACHE_HEAD_MAX || store_fill_head(w->store, x->fill, &meta) < 0) {
		fill_refuse(x, CACHE_NOT_FRESH);
		x->detail = tagged ? "too-large" : "too-many-tags";
		return FILL_RELAY;
	}
	let_go_of_stale(x);
	return FILL_STORED;
}

static enum fill_verdict
store_answer(struct errand *x, struct inquiry *q, const struct http1_response *r, struct cache_terms *t)
{
	struct buf *b = &x->w->head;

	t->full_bytes = r->framing == HTTP1_NO_BODY ? 0
	    : r->framing == HTTP1_LENGTH ? r->length : CACHE_NO_SIZE;
	t->cost_us = cost_us(x);
	buf_clear(b);
	cache_head_write(&r->fields, q->policy, t, b);
	enum fill_verdict v = fill_store(x, q, r, t, (struct text){ b->data, b->size });
	if (v != FILL_STORED)
		return v;
	flight_progress(x->w, x->flight);
	if (t->full_bytes == CACHE_NO_SIZE)
		return x->client ? FILL_BOTH : FILL_STORED;
	fill_serve(x, q, store_fill_object(x->fill), t, false);
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
	if (x->stale && x->is_head)
		return take_head(x, &q, &answer);
	if (x->stale) {
		enum cache_outcome outcome = cache_outcome(store_terms(x->stale),
		    store_head(x->stale), &answer);
		if (outcome == CACHE_CONFIRMED)
			return renew(x, &q, &answer);
		if (outcome == CACHE_FOREIGN)
			return fill_ask_anew(x, &q);
		if (outcome == CACHE_FAILED && fill_serve_stale(x, r->status)) {
			fill_abort(x, r->status);
			return FILL_OVER;
		}
	}
	enum cache_refusal why = cache_storable(&q.request, &q.key, &answer, q.policy, &t);
	if (r->status == 206 || (r->status == 416 && x->part && !x->late))
		return fill_part_head(x, &q, r, &t, why);
	if (why == CACHE_STORE)
		return store_answer(x, &q, r, &t);
	if (x->stale && r->status < 500 && !is_about_asker(why))
		store_purge_key(w->store, q.key.uri, STORE_PURGE_HARD);
	if (is_shared_failure(r->status, why)) {
		x->detail = cache_refusal_name(why);
		fill_abort(x, r->status);
	} else {
		fill_refuse(x, why);
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

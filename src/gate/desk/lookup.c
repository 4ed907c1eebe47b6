/* SPDX-License-Identifier: MIT */
#include "gate/desk/lookup.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "cache/tags.h"
#include "gate/desk/desk.h"
#include "gate/desk/flight.h"
#include "gate/front/client.h"
#include "gate/level2/l2_int.h"
#include "gate/level2/l2_keep.h"
#include "gate/level2/l2_purges.h"
#include "gate/origin/fill.h"

struct lookup {
	struct grave grave;
	struct l2_read read;
	struct gate_worker *w;
	struct client *client;     /* NULL: gone */
	struct buf raw;            /* the request */
	bool secure;               /* it came through TLS */
	struct errand_how how;     /* with the fill, unless it is late, and what is here of it, which is held */
	struct store_moment moment;   /* when a late one began */
	bool of_variant;           /* what varies is known, its variant is asked for */
};

/* ---- ends ------------------------------------------------------------------------------------ */

/* The request leaves the lookup; its bytes are the caller's. */
static struct client *
over(struct lookup *k, struct buf *ret_raw)
{
	struct client *c = k->client;

	if (c)
		c->lookup = NULL;
	*ret_raw = k->raw;
	k->raw = (struct buf){ 0 };
	gate_worker_bury(k->w, &k->grave);
	return c;
}

static void
hold(const struct lookup *k)
{
	if (k->how.stale)
		store_hold(k->how.stale);
	if (k->how.part)
		store_hold(k->how.part);
}

static void
release(struct lookup *k)
{
	if (k->how.stale)
		store_release(k->w->store, k->how.stale);
	if (k->how.part)
		store_release(k->w->store, k->how.part);
}

/* Decided as if what the store has now had been there. `found`: it has what came from there. */
static void
decide_again(struct lookup *k, bool found)
{
	CLEANUP(buf_done) struct buf raw = { 0 };
	struct gate_worker *w = k->w;
	struct client *c = over(k, &raw);
	struct inquiry q;

	if (k->how.fill)
		flight_progress(w, k->how.flight);
	release(k);
	if (!c)
		return;
	inquiry_repeat(w, k->secure, &raw, &q);
	desk_decide_promoted(c, &q, (struct text){ raw.data, raw.size }, found);
}

/* Nothing there. Where nobody waits for it any more, those who wait for the flight ask themselves. */
static void
to_origin(struct lookup *k)
{
	CLEANUP(buf_done) struct buf raw = { 0 };
	struct gate_worker *w = k->w;
	struct client *c = over(k, &raw);
	struct inquiry q;

	if (c) {
		inquiry_repeat(w, k->secure, &raw, &q);
		errand_begin(c, &q, (struct text){ raw.data, raw.size }, &k->how);
	} else {
		store_abort(w->store, k->how.fill);
		flight_progress(w, k->how.flight);
	}
	release(k);
}

/* What is late may be for the cache alone, or go to its server in another way: the desk knows. */
static void
nothing(struct lookup *k)
{
	if (k->how.late)
		decide_again(k, false);
	else
		to_origin(k);
}

/* ---- what is found --------------------------------------------------------------------------- */

/* Is it for this request, and better than what is here by now? */
static bool
is_of_use(const struct lookup *k, struct inquiry *q, const struct l2_value *v)
{
	struct store_ask ask = inquiry_ask(q);
	struct store_found found;

	if (v->varies)
		return false;
	if (v->vary.size && !cache_vary_matches(v->vary, &q->r->fields))
		return false;
	if (store_find(k->w->store, &ask, &found) == STORE_FOUND) {
		const struct cache_terms *here = store_terms(found.object);
		if (v->terms.received_ns <= here->received_ns)
			return false;
	}
	return cache_useful_until_ns(&v->terms, q->policy) > gate_wall_ns(k->w);
}

/* What is late has its fill from now on, unless it was purged meanwhile, or another brings it. */
static bool
announce(struct lookup *k, struct inquiry *q, struct text vary)
{
	struct store_ask ask = inquiry_ask(q);
	uint64_t other;

	if (k->how.fill)
		return true;
	ask.since = &k->moment;
	k->how.flight = flight_number(k->w);
	return store_begin(k->w->store, &ask, vary, k->how.flight, &k->how.fill, &other) == 0;
}

/* Into the store; false: there is no room. The fill has ended. */
static bool
promote(struct lookup *k, struct inquiry *q, const struct l2_value *v, struct text body)
{
	struct gate_worker *w = k->w;
	uint64_t tags[STORE_TAGS_MAX];
	struct store_meta meta;

	if (!announce(k, q, v->vary))
		return false;
	struct store_fill *f = k->how.fill;
	if (!fill_meta(w, q, &v->terms, v->head, v->vary, tags, &meta) ||
	    store_fill_head(w->store, f, &meta) < 0 ||
	    (body.size && store_append(w->store, f, body.at, body.size) < 0)) {
		store_abort(w->store, f);
		return false;
	}
	store_finish(w->store, f);
	return true;
}

/* What is under the key says what its variants are told apart by; true: the one for this request is asked
 * for. */
static bool
ask_for_variant(struct lookup *k, const struct inquiry *q, const struct l2_value *v)
{
	char vary[CACHE_VARY_MAX];
	struct l2_key key;

	if (!v->varies || k->of_variant)
		return false;
	int n = cache_vary_expected(v->vary, &q->r->fields, vary);
	if (n <= 0)
		return false;
	l2_key_write(k->w->l2, q->key.uri, (struct text){ vary, (size_t)n }, &key);
	k->of_variant = true;
	return l2_ask(k->w->l2, &k->read, &key);
}

/* A value that is good, of this key, and not purged since. */
static bool
is_good(struct lookup *k, const struct inquiry *q, struct text value, struct l2_value *ret)
{
	struct gate_worker *w = k->w;
	enum l2_verdict verdict = l2_value_read(value, (uint64_t)w->l2->c->value_bytes, ret);

	if (verdict != L2_VALUE_GOOD) {
		metrics_add(w->metrics, METRIC_L2_UNREADABLE, (size_t)verdict - 1, 1);
		return false;
	}
	uint64_t tags[STORE_TAGS_MAX];
	int n_tags = cache_tags_read(ret->head, tags, STORE_TAGS_MAX);
	return ret->key.size == q->key.uri.size && memcmp(ret->key.at, q->key.uri.at, ret->key.size) == 0 &&
	    n_tags >= 0 && l2_purges_spare(w->gate->l2_purges, ret->known, ret->key, tags, (size_t)n_tags);
}

static void
count(struct gate_worker *w, bool hit)
{
	metrics_add(w->metrics, METRIC_LEVEL, series_level(CACHE_LEVEL_L2, hit), 1);
}

static void
found(struct lookup *k, struct text value)
{
	struct gate_worker *w = k->w;
	struct inquiry q;
	struct l2_value v;
	struct text body;

	inquiry_repeat(w, k->secure, &k->raw, &q);
	bool good = is_good(k, &q, value, &v);
	if (good && ask_for_variant(k, &q, &v))
		return;
	good = good && is_of_use(k, &q, &v);
	if (good && !l2_value_unpack(w->l2->packer, &v, &body)) {
		metrics_add(w->metrics, METRIC_L2_UNREADABLE, L2_VALUE_CORRUPT - 1, 1);
		good = false;
	}
	count(w, good);
	if (good)
		decide_again(k, promote(k, &q, &v, body));
	else
		nothing(k);
}

static void
on_done(struct l2_read *r, enum l2_outcome outcome, struct text value)
{
	struct lookup *k = (struct lookup *)(void *)((char *)r - offsetof(struct lookup, read));

	if (outcome == L2_FOUND) {
		found(k, value);
		return;
	}
	if (outcome == L2_ABSENT)
		count(k->w, false);
	nothing(k);
}

/* ---- beginning ------------------------------------------------------------------------------- */

/* Is the server likely to have answered before? Where it must not be asked, that is no matter. */
static bool
is_slow(const struct gate_worker *w, const struct inquiry *q)
{
	return !(q->request.has & REQUEST_ONLY_IF_CACHED) &&
	    l2_is_slower_than(w->l2, w->groups[q->route->upstream].answers.p50_ns);
}

bool
lookup_begin(struct client *c, struct inquiry *q, struct text raw, const struct errand_how *how)
{
	struct gate_worker *w = c->w;
	struct l2_key key;

	if (!w->l2 || !l2_known(w) || is_slow(w, q))
		return false;
	struct lookup *k = calloc(1, sizeof(*k));
	if (!k)
		return false;
	*k = (struct lookup){ .w = w, .client = c, .secure = c->front->tls, .how = *how, .read = { .done = on_done } };
	l2_key_write(w->l2, q->key.uri, (struct text){ 0 }, &key);
	if (!l2_ask(w->l2, &k->read, &key)) {
		free(k);
		return false;
	}
	buf_append(&k->raw, raw.at, raw.size);
	if (how->late)
		k->moment = store_moment(w->store, q->key.uri);
	hold(k);
	c->lookup = k;
	return true;
}

void
lookup_left(struct lookup *k)
{
	k->client->lookup = NULL;
	k->client = NULL;
}

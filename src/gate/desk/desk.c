/* SPDX-License-Identifier: MIT */
#include "gate/desk/desk.h"

#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

#include "cache/range.h"
#include "gate/desk/flight.h"
#include "gate/desk/lookup.h"
#include "gate/desk/serving.h"
#include "gate/front/client.h"
#include "gate/front/rate_limit.h"
#include "gate/gate_int.h"
#include "gate/origin/errand.h"
#include "gate/warm/warm.h"

/* What has been tried for a request. */
struct past {
	bool waited;        /* for another's answer: it will not wait again */
	bool asked_l2;      /* nor ask there again */
	bool from_l2;       /* what is in the store has come from there, for this request */
};

/* Somebody who waits for the answer to another's request. */
struct await {
	struct grave grave;
	struct waiter waiter;
	struct client *client;
	struct buf raw;
};

/* ---- waiting --------------------------------------------------------------------------------- */

static void
over(struct await *a)
{
	flight_unpark(&a->waiter);
	a->client->await = NULL;
	buf_done(&a->raw);
	gate_worker_bury(a->client->w, &a->grave);
}

void
desk_left(struct await *a)
{
	over(a);
}

/* What a gate that leaves is still fetching cannot be waited for: it is as if nobody could. */
static enum store_state
look_up(struct gate_worker *w, const struct store_ask *ask, struct store_found *ret)
{
	store_find(w->store, ask, ret);
	if (ret->flight && !flight_is_ours(w, ret->flight)) {
		ret->flight = 0;
		if (ret->state == STORE_FILLING)
			*ret = (struct store_found){ .state = STORE_UNCACHEABLE };
	}
	return ret->state;
}

/* An answer that is arriving is good to be read along when its end is known: one that breaks off later
 * can then be told from a whole one, and one without end cannot turn out too large to be kept. */
static bool
can_be_read(enum store_state state, const struct store_found *found)
{
	const struct cache_terms *t = found->object ? store_terms(found->object) : NULL;

	return state == STORE_FOUND ||
	    (state == STORE_FILLING && t && t->full_bytes != CACHE_NO_SIZE && !(t->flags & TERMS_PARTIAL));
}

/* The request that others waited for has failed: they get what is stale, or the same news. */
static void
share_failure(struct client *c, struct inquiry *q, int status)
{
	struct gate_worker *w = c->w;
	struct store_ask ask = inquiry_ask(q);
	struct store_found found;
	const struct cache_terms *t = NULL;

	if (look_up(w, &ask, &found) == STORE_FOUND)
		t = store_terms(found.object);
	if (t && serving_can(q, found.object, t) &&
	    cache_serves_on_error(&q->request, t, q->policy, 0, gate_wall_ns(w)))
		serving_begin(c, q, found.object, t, &(struct serving_how){ .hit = true });
	else {
		c->retry_ns = status == 503 ? GATE_RETRY_NS : 0;
		client_refuse(c, status, "the server failed at another's request for this", false);
	}
}

static void
again(struct waiter *waiter)
{
	struct await *a = (struct await *)(void *)((char *)waiter - offsetof(struct await, waiter));
	struct client *c = a->client;
	struct buf raw = a->raw;
	struct inquiry q;
	int status = flight_status(c->w, waiter->flight);

	a->raw = (struct buf){ 0 };
	over(a);
	inquiry_repeat(c->w, c->front->tls, &raw, &q);
	if (status)
		share_failure(c, &q, status);
	else
		desk_decide(c, &q, (struct text){ raw.data, raw.size }, true);
	buf_done(&raw);
}

/* Parked before it looks again, so that an end in between is not missed. */
static void
await_flight(struct client *c, struct inquiry *q, struct text raw, uint64_t flight)
{
	struct store_ask ask = inquiry_ask(q);
	struct store_found found;
	struct await *a = calloc(1, sizeof(*a));

	if (!a) {
		client_refuse(c, 503, "out of memory", true);
		return;
	}
	*a = (struct await){ .client = c, .waiter = { .again = again } };
	buf_append(&a->raw, raw.at, raw.size);
	c->await = a;
	flight_park(c->w, &a->waiter, flight);
	enum store_state state = look_up(c->w, &ask, &found);
	if (found.flight == flight && !(state == STORE_FILLING && can_be_read(state, &found)))
		return;
	flight_unpark(&a->waiter);
	again(&a->waiter);
}

/* ---- to the server --------------------------------------------------------------------------- */

static void
go_straight(struct client *c, struct inquiry *q, struct text raw, enum cache_forward forward)
{
	errand_begin(c, q, raw, &(struct errand_how){ .straight = true, .forward = forward });
}

/* Announce a fill: 0, -EBUSY with the flight that is at it, or another -errno: it cannot be stored. */
static int
begin_fill(struct inquiry *q, struct errand_how *how, uint64_t *ret_flight)
{
	struct gate_worker *w = q->w;
	struct store_ask ask = inquiry_ask(q);
	struct text stored = store_vary_of_key(w->store, q->key.uri);
	char vary[CACHE_VARY_MAX];
	int n = stored.size ? cache_vary_expected(stored, &q->r->fields, vary) : 0;

	if (n < 0)
		return n;
	how->flight = flight_number(w);
	return store_begin(w->store, &ask, (struct text){ vary, (size_t)n }, how->flight, &how->fill,
	    ret_flight);
}

/* Nothing of the answer may be kept, whatever it is. */
static bool
is_for_one(const struct inquiry *q)
{
	return (q->request.has & REQUEST_NO_STORE) || q->r->framing != HTTP1_NO_BODY || q->r->upgrades;
}

/* It may be kept if it says so, or if it is the rest of a part, but others do not wait for that. */
static bool
comes_late(const struct inquiry *q, const struct errand_how *how)
{
	return q->request.method != CACHE_GET || (q->request.has & REQUEST_AUTHORIZATION) ||
	    (!how->stale && (q->request.has & REQUEST_RANGE));
}

/* A flight that is under way has been there: what comes late does not ask again beside it. */
static bool
asks_l2(const struct errand_how *how, uint64_t flight, struct past past)
{
	return !past.asked_l2 && !(how->late && (flight || past.waited));
}

/* `how`: what is stored of it, and why it is asked for. */
static void
fetch(struct client *c, struct inquiry *q, struct text raw, const struct store_found *found,
    struct errand_how *how, struct past past)
{
	uint64_t flight = found->flight;
	bool head_alone = q->request.method == CACHE_HEAD && !how->stale;

	if (is_for_one(q) || found->state == STORE_UNCACHEABLE) {
		go_straight(c, q, raw, how->forward);
		return;
	}
	how->late = comes_late(q, how) || (past.waited && (flight || how->stale));
	int code = how->late ? 0 : flight ? -EBUSY : begin_fill(q, how, &flight);
	if (code == -EBUSY && !past.waited && flight_is_ours(c->w, flight))
		await_flight(c, q, raw, flight);
	else if (code < 0)
		go_straight(c, q, raw, how->forward);
	else if (asks_l2(how, flight, past) && lookup_begin(c, q, raw, how))
		return;
	else if (head_alone)
		go_straight(c, q, raw, how->forward);
	else
		errand_begin(c, q, raw, how);
}

static void
refresh(struct client *c, struct inquiry *q, struct text raw, const struct store_found *found, enum warm_why why)
{
	struct errand_how how = { .stale = found->object, .forward = CACHE_FORWARD_STALE, .warm = why };
	uint64_t flight;

	if (!found->flight && !is_for_one(q) && !comes_late(q, &how) && warm_may_refresh(q) &&
	    begin_fill(q, &how, &flight) == 0)
		errand_refresh(c, q, raw, &how);
}

/* Whole and fresh. */
static bool
is_good(const struct gate_worker *w, const struct store_found *found)
{
	const struct cache_terms *t = store_terms(found->object);
	return !found->soft && !(t->flags & TERMS_PARTIAL) && cache_fresh_until_ns(t) > gate_wall_ns(w);
}

enum warm_skip
desk_warm(struct inquiry *q, bool secure, struct text raw, enum warm_why why)
{
	struct gate_worker *w = q->w;
	struct store_ask ask = inquiry_ask(q);
	struct store_found found;
	struct errand_how how = { .forward = CACHE_FORWARD_URI_MISS, .warm = why, .secure = secure };
	uint64_t flight;

	enum store_state state = store_find(w->store, &ask, &found);
	if (found.flight)
		return WARM_SKIP_UNDER_WAY;
	if (state == STORE_UNCACHEABLE || is_for_one(q) || cache_request_passes(&q->request))
		return WARM_SKIP_UNCACHED;
	if (state == STORE_FOUND && is_good(w, &found))
		return WARM_SKIP_FRESH;
	const struct cache_terms *t = state == STORE_FOUND ? store_terms(found.object) : NULL;
	if (t && !(t->flags & TERMS_PARTIAL)) {
		how.stale = found.object;
		how.forward = CACHE_FORWARD_STALE;
	}
	int code = begin_fill(q, &how, &flight);
	if (code < 0)
		return code == -EBUSY ? WARM_SKIP_UNDER_WAY : WARM_SKIP_QUEUE;
	return errand_for_nobody(w, q, raw, &how) ? WARM_GO : WARM_SKIP_QUEUE;
}

/* 504, unless the second level has it. */
static void
refuse_uncached(struct client *c, struct inquiry *q, struct text raw, struct past past)
{
	if (!past.asked_l2 && !is_for_one(q) && lookup_begin(c, q, raw, &(struct errand_how){ .late = true }))
		return;
	visit_refuse(c, REFUSED_NOT_CACHED);
	client_refuse(c, 504, "only-if-cached, and it is not", false);
}

/* A POST's answer may say that a GET would bring the same (RFC 9110, section 9.3.3). */
static void
pass(struct client *c, struct inquiry *q, struct text raw, enum cache_forward forward)
{
	bool post = q->request.method == CACHE_POST && !(q->request.has & REQUEST_NO_STORE) && !q->r->upgrades;

	errand_begin(c, q, raw, &(struct errand_how){ .straight = true, .late = post, .forward = forward });
}

/* ---- deciding -------------------------------------------------------------------------------- */

/* What is stored is a part: is it fresh, and does it hold what is asked? */
static void
decide_part(struct client *c, struct inquiry *q, struct text raw, const struct store_found *found,
    const struct cache_terms *terms, const struct cache_decision *d, struct past past)
{
	struct store_found nothing = { .flight = found->flight };
	struct errand_how how = { .forward = d->forward };

	if (d->use == CACHE_SERVE && serving_can(q, found->object, terms)) {
		serving_begin(c, q, found->object, terms, &(struct serving_how){ .hit = true });
		return;
	}
	if (d->use == CACHE_REFUSE || (q->request.has & REQUEST_ONLY_IF_CACHED)) {
		refuse_uncached(c, q, raw, past);
		return;
	}
	if (d->use == CACHE_SERVE) {
		struct cache_range gap;
		bool joins = (q->request.has & REQUEST_RANGE) || cache_range_missing(terms, NULL, &gap);
		how.part = joins ? found->object : NULL;
		how.forward = CACHE_FORWARD_PARTIAL;
	}
	fetch(c, q, raw, &nothing, &how, past);
}

static void
decide(struct client *c, struct inquiry *q, struct text raw, struct past past)
{
	struct gate_worker *w = c->w;
	struct store_ask ask = inquiry_ask(q);
	struct store_found found;
	struct cache_terms terms;
	struct cache_decision d;

	enum store_state state = look_up(w, &ask, &found);
	bool readable = can_be_read(state, &found);
	if (readable) {
		terms = *(const struct cache_terms *)store_terms(found.object);
		terms.flags |= found.soft ? TERMS_STALE : 0;
	}
	bool others = !readable && store_vary_of_key(w->store, q->key.uri).size;
	cache_decide(&q->request, readable ? &terms : NULL, others, gate_wall_ns(w), &d);
	bool whole = state == STORE_FOUND;
	if (readable && (terms.flags & TERMS_PARTIAL) && d.use != CACHE_PASS) {
		decide_part(c, q, raw, &found, &terms, &d, past);
		return;
	}
	struct errand_how how = { .stale = whole ? found.object : NULL, .forward = d.forward };
	switch (d.use) {
	case CACHE_SERVE_AND_REFRESH:
		if (whole)
			refresh(c, q, raw, &found, WARM_REFRESH);
		/* fall through */
	case CACHE_SERVE:
		if (whole && d.use == CACHE_SERVE && warm_is_early(q, found.object, &terms))
			refresh(c, q, raw, &found, WARM_EARLY);
		if (whole)
			warm_note(q, found.object);
		serving_begin(c, q, found.object, &terms, &(struct serving_how){
		    .hit = whole && !past.waited, .from_l2 = past.from_l2,
		    .forward = CACHE_FORWARD_URI_MISS, .collapsed = true,
		    .flight = whole ? 0 : found.flight });
		break;
	case CACHE_VALIDATE:
	case CACHE_FETCH:
		fetch(c, q, raw, &found, &how, past);
		break;
	case CACHE_PASS:
		pass(c, q, raw, d.forward);
		break;
	case CACHE_REFUSE:
		refuse_uncached(c, q, raw, past);
	}
}

void
desk_decide(struct client *c, struct inquiry *q, struct text raw, bool waited)
{
	decide(c, q, raw, (struct past){ .waited = waited });
}

void
desk_decide_promoted(struct client *c, struct inquiry *q, struct text raw, bool found)
{
	decide(c, q, raw, (struct past){ .asked_l2 = true, .from_l2 = found });
}

/* ---- rates ----------------------------------------------------------------------------------- */

/* True: one more than its rate allows. */
static bool
is_over_rate(struct client *c, const struct gate_route *route)
{
	struct gate *g = c->w->gate;
	struct text who = route->rate_limit.by == GATE_RATE_CLIENT ? client_peer(c) : (struct text){ 0 };

	if (route->rate_limit.per_s <= 0)
		return false;
	uint64_t key = XXH3_64bits_withSeed(who.at, who.size,
	    g->rate_seed + (uint64_t)(route - g->config->routes));
	c->retry_ns = rate_limit_take(g->rates, &route->rate_limit, key, c->w->now_ns);
	return c->retry_ns;
}

void
desk_take(struct client *c, const struct http1_request *r, struct text raw)
{
	struct inquiry q;
	bool last = r->framing != HTTP1_NO_BODY;
	int status = inquiry_read(c->w, c->front->tls, r, &q);

	c->visit.route = status ? NULL : q.route;
	if (status)
		client_refuse(c, status, "malformed target", last);
	else if (!q.route)
		client_refuse(c, 404, "no route for this", last);
	else if (is_over_rate(c, q.route))
		client_refuse(c, 429, "too many requests", last);
	else if (!q.route->cache.enabled)
		errand_begin(c, &q, raw, &(struct errand_how){ 0 });
	else
		desk_decide(c, &q, raw, false);
}

/* SPDX-License-Identifier: MIT */
#include "gate/desk.h"

#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>

#include "gate/client.h"
#include "gate/errand.h"
#include "gate/flight.h"
#include "gate/gate_int.h"
#include "gate/rate_limit.h"
#include "gate/serving.h"

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

	return state == STORE_FOUND || (state == STORE_FILLING && t && t->full_bytes != CACHE_NO_SIZE);
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
	if (t && cache_serves_on_error(&q->request, t, q->policy, 0, gate_wall_ns(w)))
		serving_begin(c, q, found.object, t, &(struct serving_how){ .hit = true });
	else
		client_refuse(c, status, "the server failed at another's request for this", false);
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

/* Answers to these are not for others, whatever they are. */
static bool
is_for_one(const struct inquiry *q)
{
	const uint32_t own = REQUEST_NO_STORE | REQUEST_AUTHORIZATION;

	return q->request.method != CACHE_GET || (q->request.has & own) || q->r->framing != HTTP1_NO_BODY || q->r->upgrades;
}

static void
fetch(struct client *c, struct inquiry *q, struct text raw, const struct store_found *found,
    const struct store_object *stale, enum cache_forward forward, bool waited)
{
	struct errand_how how = { .stale = stale, .forward = forward };
	uint64_t flight = found->flight;
	bool part = !stale && (q->request.has & REQUEST_RANGE);

	if (is_for_one(q) || part || found->state == STORE_UNCACHEABLE || (waited && (flight || stale))) {
		go_straight(c, q, raw, forward);
		return;
	}
	int code = flight ? -EBUSY : begin_fill(q, &how, &flight);
	if (code == -EBUSY && !waited && flight_is_ours(c->w, flight))
		await_flight(c, q, raw, flight);
	else if (code < 0)
		go_straight(c, q, raw, forward);
	else
		errand_begin(c, q, raw, &how);
}

static void
refresh(struct client *c, struct inquiry *q, struct text raw, const struct store_found *found)
{
	struct errand_how how = { .stale = found->object, .forward = CACHE_FORWARD_STALE };
	uint64_t flight;

	if (!found->flight && !is_for_one(q) && begin_fill(q, &how, &flight) == 0)
		errand_refresh(c, q, raw, &how);
}

/* ---- deciding -------------------------------------------------------------------------------- */

void
desk_decide(struct client *c, struct inquiry *q, struct text raw, bool waited)
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
	switch (d.use) {
	case CACHE_SERVE_AND_REFRESH:
		if (whole)
			refresh(c, q, raw, &found);
		/* fall through */
	case CACHE_SERVE:
		serving_begin(c, q, found.object, &terms, &(struct serving_how){
		    .hit = whole && !waited, .forward = CACHE_FORWARD_URI_MISS, .collapsed = true,
		    .flight = whole ? 0 : found.flight });
		break;
	case CACHE_VALIDATE:
	case CACHE_FETCH:
		fetch(c, q, raw, &found, whole ? found.object : NULL, d.forward, waited);
		break;
	case CACHE_PASS:
		go_straight(c, q, raw, d.forward);
		break;
	case CACHE_REFUSE:
		visit_refuse(c, REFUSED_NOT_CACHED);
		client_refuse(c, 504, "only-if-cached, and it is not", false);
	}
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

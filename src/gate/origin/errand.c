/* SPDX-License-Identifier: MIT */
#include "gate/origin/errand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/units.h"
#include "gate/batch/batch.h"
#include "gate/compress/pack.h"
#include "gate/front/client.h"
#include "gate/gate_int.h"
#include "gate/level2/l2_keep.h"
#include "gate/origin/attempt.h"
#include "gate/origin/fill.h"
#include "gate/origin/hedge.h"
#include "gate/origin/line.h"
#include "gate/origin/room.h"
#include "gate/origin/upstream.h"
#include "gate/warm/warm.h"

struct group *
errand_group(const struct errand *x)
{
	return &x->w->groups[x->route->upstream];
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool
may_be_repeated(const struct http1_request *r)
{
	static const char *const idempotent[] = { "GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE" };

	for (size_t i = 0; i < sizeof(idempotent) / sizeof(*idempotent); i++)
		if (text_is(r->method, idempotent[i]))
			return r->framing == HTTP1_NO_BODY && !r->upgrades;
	return false;
}

static void
take_part_of_cache(struct errand *x, const struct inquiry *q, struct text raw, const struct errand_how *how)
{
	struct gate_worker *w = x->w;

	x->fill = how->fill;
	x->flight = how->flight;
	x->late = how->late;
	x->stale = how->stale;
	x->part = how->part;
	x->straight = how->straight;
	x->forward = how->forward;
	x->warm = how->warm;
	if (x->warm)
		x->warm_key = XXH3_64bits(q->key.uri.at, q->key.uri.size);
	x->requested_ns = gate_wall_ns(w);
	x->known = l2_known(w);
	x->unsafe = how->straight && (q->request.method == CACHE_UNSAFE || q->request.method == CACHE_POST);
	if (x->stale)
		store_hold(x->stale);
	if (x->part)
		store_hold(x->part);
	if (x->late)
		x->moment = store_moment(w->store, q->key.uri);
	if (x->fill || x->late || x->unsafe || q->route->compress.enabled)
		buf_append(&x->raw, raw.at, raw.size);
}

static struct errand *
errand_new(struct gate_worker *w, const struct http1_request *r)
{
	struct errand *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->w = w;
	w->n_errands++;
	x->state = ERRAND_ASKING;
	x->timer.kind = TIMER_ERRAND;
	x->safe = text_is(r->method, "GET") || text_is(r->method, "HEAD");
	x->repeatable = may_be_repeated(r);
	x->is_head = text_is(r->method, "HEAD");
	x->upgrades = r->upgrades;
	x->old_client = r->old;
	x->question_chunked = r->framing == HTTP1_CHUNKED || r->framing == HTTP1_TO_END;
	http1_body_start(&x->question, r->framing, r->length);
	x->question_ended = http1_body_ended(&x->question);
	return x;
}

void
errand_part(struct errand *x)
{
	if (x->client)
		x->client->x = NULL;
	x->client = NULL;
}

static void
over(struct errand *x)
{
	struct up *u = x->up;

	if (x->state == ERRAND_OVER)
		return;
	hedge_stop(x);
	if (x->line)
		line_leave(x);
	batch_seat_leave(&x->seat);
	attempt_end(x, OUTCOME_UNKNOWN);
	room_give(x, false, -1);
	if (x->warm)
		warm_over(x);
	x->state = ERRAND_OVER;
	x->w->n_errands--;
	timer_remove(&x->w->timers, &x->timer);
	x->up = NULL;
	if (u)
		up_drop(u);
	errand_part(x);
	fill_abort(x, 0);
	buf_done(&x->head);
	buf_done(&x->raw);
	pack_free(x->pack);
	gate_worker_bury(x->w, &x->grave);
}

/* As long as its route allows, from the first byte of the client's request; or from now, for nobody. */
static void
set_limit(struct errand *x)
{
	int64_t since = x->client ? x->client->visit.begun_ns : x->w->now_ns;

	if (!x->route->timeout_ns)
		return;
	x->limit_ns = since + x->route->timeout_ns;
	timer_set(&x->w->timers, &x->timer, x->limit_ns);
}

/* `c`: in whose name, `client`: who gets the answer; NULL: nobody. */
static bool
begin(struct gate_worker *w, struct client *c, struct client *client, const struct inquiry *q, struct text raw,
    const struct errand_how *how)
{
	struct errand *x = errand_new(w, q->r);

	if (!x && how->fill)
		store_abort(w->store, how->fill);
	if (!x && client)
		client_refuse(client, 503, "out of memory", true);
	if (!x)
		return false;
	x->client = client;
	if (client)
		client->x = x;
	x->secure = c ? c->front->tls != NULL : how->secure;
	x->route = q->route;
	x->hash = attempt_hash(w, q, c);
	take_part_of_cache(x, q, raw, how);
	question_write(x, q, c);
	set_limit(x);
	if (!x->route->batch || !batch_join(x, q))
		upstream_ask(x);
	return true;
}

void
errand_own(struct client *client, const struct gate_route *route, struct buf *question)
{
	static const struct http1_request own = { .method = { "GET", 3 }, .old = true, .length = -1 };
	struct errand *x = errand_new(client->w, &own);

	if (!x) {
		buf_done(question);
		client_refuse(client, 503, "out of memory", true);
		return;
	}
	x->client = client;
	client->x = x;
	x->route = route;
	x->hash = XXH3_64bits(question->data, question->size);
	x->head = *question;
	set_limit(x);
	upstream_ask(x);
}

void
errand_begin(struct client *c, const struct inquiry *q, struct text raw, const struct errand_how *how)
{
	begin(c->w, c, c, q, raw, how);
}

void
errand_refresh(struct client *c, const struct inquiry *q, struct text raw, const struct errand_how *how)
{
	begin(c->w, c, NULL, q, raw, how);
}

bool
errand_for_nobody(struct gate_worker *w, const struct inquiry *q, struct text raw, const struct errand_how *how)
{
	return begin(w, NULL, NULL, q, raw, how);
}

/* ---- ends ------------------------------------------------------------------------------------ */

/* No answer of the server: one of ours, or when a part of the server's is with the client, none. */
void
errand_fail(struct errand *x, int status, const char *why)
{
	bool begun = x->state == ERRAND_ANSWERING || x->state == ERRAND_TUNNEL;
	bool last = !x->question_ended;

	attempt_end(x, status == 502 || status == 504 ? OUTCOME_BAD : OUTCOME_UNKNOWN);
	if (!begun && status >= 500)
		fill_serve_stale(x, 0);
	fill_abort(x, status);
	struct client *c = x->client;
	int64_t retry_ns = x->retry_ns;
	over(x);
	if (!c)
		return;
	c->retry_ns = retry_ns;
	if (begun)
		client_abort(c);
	else
		client_refuse(c, status, why, last);
}

void
errand_complete(struct errand *x)
{
	struct client *c = x->client;
	struct up *u = x->up;

	fill_finish(x);
	if (u && !x->answer_last && x->question_ended && !u->unsent) {
		x->up = NULL;
		u->x = NULL;
		up_release(u);
	}
	if (c && !x->question_ended)   /* what is left of its body would be taken for a request */
		c->keep_alive = false;
	over(x);
	if (c)
		client_answered(c);
}

/* Others may wait for what it brings; and it is worth as much without the one who asked for it first. */
void
errand_left(struct errand *x)
{
	errand_part(x);
	if (!x->fill)
		over(x);
	else if (x->up)
		up_hold(x->up, false);
}

/* ---- the way to the server ------------------------------------------------------------------- */

bool
errand_to_up(struct errand *x, const struct engine_piece *pieces, uint32_t n)
{
	struct gate_worker *w = x->w;
	struct up *u = x->up;
	ssize_t left = w->ops->gather(w->engine, u->conn, pieces, n);

	if (left < 0) {
		up_break(u, (int)-left);
		return false;
	}
	u->unsent = left;
	if (left > GATE_UNSENT_MAX && x->client)
		client_hold(x->client, true);
	return true;
}

static void
await_answer(struct errand *x)
{
	timer_set(&x->w->timers, &x->up->timer,
	    x->w->now_ns + x->up->server->upstream->timeouts.response_ns);
}

static void
wait_no_more(struct errand *x)
{
	if (x->limit_ns)
		timer_set(&x->w->timers, &x->timer, x->limit_ns);
	else
		timer_stop(&x->timer);
}

void
errand_got_up(struct errand *x, struct up *u)
{
	struct engine_piece p = { x->head.data, x->head.size, false };

	x->up = u;
	x->state = ERRAND_ASKING;
	wait_no_more(x);
	if (!errand_to_up(x, &p, 1))
		return;
	x->asked = true;
	attempt_asked(x);
	await_answer(x);
	hedge_await(x);
	if (x->client && !x->question_ended) {
		client_await_body(x->client, true);
		client_go_on(x->client);
	}
}

size_t
errand_question(struct errand *x, const char *bytes, size_t size)
{
	struct engine_piece p = { bytes, size, false };

	if (x->state == ERRAND_TUNNEL) {
		timer_set(&x->w->timers, &x->up->timer, x->w->now_ns + GATE_TUNNEL_NS);
		errand_to_up(x, &p, 1);
		return size;
	}
	if (x->question_ended || x->upgrades || !x->asked || !x->up)
		return 0;
	size_t used = question_body(x, bytes, size);
	if (x->state != ERRAND_OVER && x->up && x->state == ERRAND_ASKING)
		await_answer(x);
	return used;
}

void
errand_question_over(struct errand *x)
{
	if (!x->asked || !x->up || !http1_body_to_end(&x->question))
		return;
	question_over(x);
	if (x->state == ERRAND_ASKING && x->up)
		await_answer(x);
}

void
errand_question_late(struct errand *x)
{
	errand_fail(x, 408, "the request body took too long");
}

void
errand_up_ready(struct errand *x)
{
	if (x->client)
		client_go_on(x->client);
}

/* ---- the way back ---------------------------------------------------------------------------- */

bool
errand_client_deaf(struct errand *x, bool more)
{
	struct gate_worker *w = x->w;

	if (x->state != ERRAND_TUNNEL)
		return x->question_ended || more;
	w->ops->finish(w->engine, x->up->conn);
	return !x->up->deaf;
}

void
errand_client_ready(struct errand *x)
{
	if (x->up)
		up_hold(x->up, false);
}

void
errand_received(struct errand *x, const char *bytes, size_t size)
{
	struct engine_piece p = { bytes, size, false };

	if (x->state != ERRAND_TUNNEL) {
		answer_received(x, bytes, size);
		return;
	}
	timer_set(&x->w->timers, &x->up->timer, x->w->now_ns + GATE_TUNNEL_NS);
	if (client_send(x->client, &p, 1) && x->client->unsent > GATE_UNSENT_MAX)
		up_hold(x->up, true);
}

bool
errand_up_ended(struct errand *x)
{
	if (x->state != ERRAND_TUNNEL || x->client->deaf)
		return false;
	x->up->deaf = true;
	client_finish(x->client);
	return true;
}

/* Nothing was asked yet: another server is as good. */
static bool
try_next_server(struct errand *x)
{
	if (x->asked || x->server->upstream->n_servers < 2 || !attempt_again(x))
		return false;
	upstream_ask(x);
	return true;
}

/* It broke off before anything of an answer came. */
static bool
repeat_elsewhere(struct errand *x)
{
	if (!x->asked || !x->repeatable || !x->client || x->state != ERRAND_ASKING || !attempt_again(x))
		return false;
	x->asked = false;
	upstream_ask_anew(x);
	return true;
}

static bool
worth_repeating(const struct errand *x)
{
	return x->repeatable && !x->repeated && (x->client || x->warm);
}

void
errand_up_lost(struct errand *x, int code)
{
	struct up *u = x->up;
	bool stale = u && u->reused && !u->head.size && x->state == ERRAND_ASKING && code != ETIMEDOUT;

	x->up = NULL;
	if (hedge_takes_over(x))
		return;
	if (!u && try_next_server(x))
		return;
	if (code == ETIMEDOUT) {
		errand_fail(x, 504, "the server took too long");
	} else if (stale && worth_repeating(x)) {
		x->repeated = true;
		x->asked = false;
		attempt_end(x, OUTCOME_UNKNOWN);
		metrics_add(x->w->metrics, METRIC_RETRIES, x->route->upstream, 1);
		upstream_ask_anew(x);
	} else if (u && !u->head.size && repeat_elsewhere(x)) {
		return;
	} else if (code == 0 && x->state == ERRAND_ANSWERING && answer_ended(x)) {
		x->answer_last = true;
		errand_complete(x);
	} else if (x->state == ERRAND_TUNNEL && x->client && code == 0) {
		struct client *c = x->client;
		over(x);
		c->keep_alive = false;
		client_answered(c);
	} else {
		errand_fail(x, 502, u ? "the server broke off" : "the server cannot be reached");
	}
}

void
errand_no_up(struct errand *x, int status, const char *why)
{
	x->up = NULL;
	if (status == 503) {
		metrics_add(x->w->metrics, METRIC_SHED, x->route->upstream, 1);
		x->retry_ns = GATE_RETRY_NS;
	}
	if (status == 503 && x->client)
		visit_refuse(x->client, REFUSED_QUEUE);
	if (status != 502 || !try_next_server(x))
		errand_fail(x, status, why);
}

/* ---- its time -------------------------------------------------------------------------------- */

void
errand_be_patient(struct errand *x, int64_t until_ns)
{
	bool limited = x->limit_ns && x->limit_ns < until_ns;
	timer_set(&x->w->timers, &x->timer, limited ? x->limit_ns : until_ns);
}

/* What an exchange is waiting for. */
static const char *
hold_up(const struct errand *x)
{
	if (x->state == ERRAND_WAITING)
		return "the server had no room";
	if (x->state == ERRAND_BATCHED)
		return "its batch was not answered";
	if (!x->asked)
		return "the server was not reached";
	return x->question_ended ? "the server had not answered" : "the request's body was not whole";
}

/* A server is to blame for what only it has kept waiting. */
static void
end_by_limit(struct errand *x)
{
	bool blamed = x->state == ERRAND_ASKING && x->question_ended;
	bool late = x->asked && !x->question_ended;
	char limit[24], why[128];

	metrics_add(x->w->metrics, METRIC_ROUTE_TIMEOUTS, series_route(x->w->metrics, x->route), 1);
	if (!blamed)
		attempt_end(x, OUTCOME_UNKNOWN);
	snprintf(why, sizeof(why), "longer than the %s that its route allows: %s",
	    format_duration(limit, ns_to_s(x->route->timeout_ns)), hold_up(x));
	errand_fail(x, late ? 408 : 504, why);
}

void
errand_due(struct errand *x)
{
	if (x->limit_ns && x->w->now_ns >= x->limit_ns)
		end_by_limit(x);
	else if (x->state == ERRAND_WAITING)
		errand_no_up(x, 503, "the server had no room in time");
}

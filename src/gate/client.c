/* SPDX-License-Identifier: MIT */
#include "gate/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gate/desk.h"
#include "gate/errand.h"
#include "gate/refusal.h"
#include "gate/serving.h"

/* ---- beginning and end ----------------------------------------------------------------------- */

uint32_t
client_accept(struct gate_worker *w)
{
	uint32_t conn = w->n_clients < w->max_clients ? gate_worker_take_number(w) : ENGINE_NONE;
	struct client *c = conn == ENGINE_NONE ? NULL : calloc(1, sizeof(*c));

	if (!c) {
		if (conn != ENGINE_NONE)
			gate_worker_give_number(w, conn);
		return ENGINE_NONE;
	}
	c->w = w;
	c->conn = conn;
	c->timer.kind = TIMER_CLIENT;
	c->ahead.cap_bytes = GATE_BATCH_MAX;
	w->conns[conn].client = c;
	w->n_clients++;
	metrics_add(w->metrics, METRIC_CLIENTS, 0, 1);
	metrics_add(w->metrics, METRIC_CLIENTS_TOTAL, 0, 1);
	timer_set(&w->timers, &c->timer, w->now_ns + w->config->timeouts.idle_ns);
	return conn;
}

static void
bury(struct client *c)
{
	struct gate_worker *w = c->w;
	struct errand *x = c->x;

	visit_end(c);
	c->state = CLIENT_GONE;
	c->x = NULL;
	if (c->await)
		desk_left(c->await);
	if (c->serving)
		serving_left(c->serving);
	timer_remove(&w->timers, &c->timer);
	buf_done(&c->ahead);
	buf_done(&c->visit.words);
	gate_worker_give_number(w, c->conn);
	w->n_clients--;
	metrics_add(w->metrics, METRIC_CLIENTS, 0, -1);
	gate_worker_bury(w, &c->grave);
	if (x)
		errand_left(x);
}

void
client_broken(struct client *c)
{
	bury(c);
}

void
client_abort(struct client *c)
{
	c->w->ops->drop(c->w->engine, c->conn);
	bury(c);
}

/* Tell that no more comes, and wait until the client has ended too: what it has sent and nobody has
 * read would otherwise make its system throw away what we sent last (RFC 9112, section 9.6). */
static void
end(struct client *c)
{
	struct gate_worker *w = c->w;

	c->state = CLIENT_ENDING;
	buf_done(&c->ahead);
	w->ops->finish(w->engine, c->conn);
	if (c->deaf && !c->unsent) {
		client_abort(c);
		return;
	}
	client_hold(c, false);
	timer_set(&w->timers, &c->timer,
	    w->now_ns + (c->unsent ? w->config->timeouts.send_ns : GATE_LINGER_NS));
}

void
client_drain(struct client *c)
{
	if (c->state == CLIENT_IDLE && !c->ahead.size)
		end(c);
}

struct text
client_peer(struct client *c)
{
	struct addr a;

	if (!c->peer[0] && c->w->ops->peer(c->w->engine, c->conn, &a) < 0)
		return (struct text){ "unknown", 7 };
	if (!c->peer[0])
		addr_format(&a, c->peer);
	bool six = c->peer[0] == '[';
	const char *end = strchr(c->peer, six ? ']' : ':');
	return (struct text){ c->peer + six, (size_t)(end - c->peer) - six };
}

/* ---- sending --------------------------------------------------------------------------------- */

bool
client_send(struct client *c, const struct engine_piece *pieces, uint32_t n)
{
	struct gate_worker *w = c->w;
	ssize_t left = w->ops->gather(w->engine, c->conn, pieces, n);
	int64_t size = 0;

	for (uint32_t i = 0; i < n; i++)
		size += (int64_t)pieces[i].size;
	c->visit.sent_bytes += size;
	metrics_add(w->metrics, METRIC_SENT, 0, size);
	if (left < 0) {
		client_abort(c);
		return false;
	}
	if (left && !c->unsent)
		timer_set(&w->timers, &c->timer, w->now_ns + w->config->timeouts.send_ns);
	c->unsent = left;
	return true;
}

void
client_sent(struct client *c)
{
	c->unsent = 0;
	if (c->state == CLIENT_ENDING && c->deaf)
		client_abort(c);
	else if (c->state == CLIENT_ENDING)
		timer_set(&c->w->timers, &c->timer, c->w->now_ns + GATE_LINGER_NS);
	else if (c->state == CLIENT_BUSY)
		timer_stop(&c->timer);
	if (c->state == CLIENT_BUSY && c->x)
		errand_client_ready(c->x);
	else if (c->state == CLIENT_BUSY && c->serving)
		serving_go_on(c->serving);
}

void
client_hold(struct client *c, bool held)
{
	if (c->held != held)
		c->w->ops->hold(c->w->engine, c->conn, held);
	c->held = held;
}

static enum metric_reason
reason_of(int status)
{
	return status == 404 ? REFUSED_NO_ROUTE : status == 429 ? REFUSED_RATE : status < 500 ? REFUSED_BAD_REQUEST
	    : status == 503 ? REFUSED_RESOURCES : status == 504 ? REFUSED_TIMEOUT : REFUSED_UPSTREAM;
}

void
client_refuse(struct client *c, int status, const char *why, bool last)
{
	struct gate_worker *w = c->w;

	last = last || !c->keep_alive || w->draining;
	if (!c->visit.open)
		visit_begin(c, NULL);
	visit_refuse(c, reason_of(status));
	refusal_write(&w->head, status, why, c->retry_ns, last);
	c->retry_ns = 0;
	struct engine_piece p = { w->head.data, w->head.size, false };
	c->keep_alive = !last;
	visit_answer(c, status, refusal_head_size(&w->head));
	if (client_send(c, &p, 1))
		client_answered(c);
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void
begin(struct client *c, const struct http1_request *r, const char *raw, size_t size)
{
	struct gate_worker *w = c->w;

	timer_stop(&c->timer);
	visit_begin(c, r);
	c->heading = false;
	c->state = CLIENT_BUSY;
	c->keep_alive = r->keep_alive && !w->draining;
	if (r->framing == HTTP1_LENGTH && r->length > w->config->limits.body_bytes)
		client_refuse(c, 413, "the body is too large", true);
	else
		desk_take(c, r, (struct text){ raw, size });
}

/* What is there may be the beginning of a head: it must not become too long, nor take too long. */
static void
await_head(struct client *c, const char *bytes, size_t size)
{
	struct gate_worker *w = c->w;

	if ((int64_t)size > w->config->limits.head_bytes) {
		bool first_line = !memchr(bytes, '\n', size);
		client_refuse(c, first_line ? 414 : 431, "the request head is too large", true);
	} else if (!c->heading) {
		c->heading = true;
		visit_first_byte(c);
		timer_set(&w->timers, &c->timer, w->now_ns + w->config->timeouts.head_ns);
	}
}

/* Take from the bytes what is of use now; returns how much that was. */
static size_t
take(struct client *c, const char *bytes, size_t size)
{
	struct gate_worker *w = c->w;
	size_t used = size;

	if (c->state == CLIENT_BUSY)
		return c->x ? errand_question(c->x, bytes, size) : 0;
	if (c->state != CLIENT_IDLE)
		return size;
	enum http1_verdict v = http1_request_parse(&w->request, bytes, size, &used);
	if (v == HTTP1_DONE && used <= (size_t)w->config->limits.head_bytes) {
		begin(c, &w->request, bytes, used);
		return used;
	}
	if (v == HTTP1_BAD)
		client_refuse(c, w->request.status, w->request.why, true);
	else
		await_head(c, bytes, size);
	return c->state == CLIENT_IDLE ? 0 : size;
}

static size_t
feed(struct client *c, const char *bytes, size_t size)
{
	size_t used = 0;

	c->feeding = true;
	while (used < size && c->state != CLIENT_GONE) {
		size_t n = take(c, bytes + used, size - used);
		if (!n)
			break;
		used += n;
	}
	c->feeding = false;
	return used;
}

/* What came ahead, as far as it is of use now. */
static void
feed_ahead(struct client *c)
{
	struct buf ahead = c->ahead;

	if (!ahead.size)
		return;
	c->ahead = (struct buf){ .cap_bytes = ahead.cap_bytes };
	size_t used = feed(c, ahead.data, ahead.size);
	if (c->state == CLIENT_IDLE || c->state == CLIENT_BUSY) {
		buf_append(&c->ahead, ahead.data + used, ahead.size - used);
		client_hold(c, c->ahead.size > GATE_AHEAD_MAX);
	}
	buf_done(&ahead);
}

void
client_go_on(struct client *c)
{
	client_hold(c, false);
	if (c->feeding)
		return;
	feed_ahead(c);
	if (c->state == CLIENT_BUSY && c->deaf && c->x && !c->ahead.size && !errand_client_deaf(c->x))
		client_abort(c);   /* a body without its end */
}

/* A head that comes in many pieces is looked at when a line has ended, not with each byte. */
static bool
worth_a_look(const struct client *c, const char *bytes, size_t size)
{
	return c->state != CLIENT_IDLE || c->ahead.size > (size_t)c->w->config->limits.head_bytes ||
	    memchr(bytes, '\n', size);
}

void
client_received(struct client *c, const char *bytes, size_t size)
{
	metrics_add(c->w->metrics, METRIC_RECEIVED, 0, (int64_t)size);
	if (c->state == CLIENT_ENDING)
		return;
	if (!c->ahead.size) {
		size_t used = feed(c, bytes, size);
		if (used == size || c->state == CLIENT_GONE || c->state == CLIENT_ENDING)
			return;
		buf_append(&c->ahead, bytes + used, size - used);
	} else {
		bool look = worth_a_look(c, bytes, size);
		buf_append(&c->ahead, bytes, size);
		if (c->ahead.truncated) {
			client_abort(c);
			return;
		}
		if (look)
			feed_ahead(c);
	}
	if (c->state == CLIENT_BUSY && c->ahead.size > GATE_AHEAD_MAX)
		client_hold(c, true);
}

bool
client_ended(struct client *c)
{
	c->deaf = true;
	if (c->state == CLIENT_BUSY)
		return !c->x || errand_client_deaf(c->x);   /* or it waits for the store */
	if (c->state == CLIENT_IDLE)   /* what was sent last may still be on its way to the kernel */
		end(c);
	return c->state == CLIENT_ENDING && c->unsent;
}

/* ---- between requests ------------------------------------------------------------------------ */

void
client_answered(struct client *c)
{
	struct gate_worker *w = c->w;

	c->x = NULL;
	if (c->state == CLIENT_GONE)
		return;
	visit_end(c);
	if (!c->keep_alive || (c->deaf && !c->ahead.size)) {
		end(c);
		return;
	}
	c->state = CLIENT_IDLE;
	timer_set(&w->timers, &c->timer, w->now_ns + (c->unsent ? w->config->timeouts.send_ns
	    : w->config->timeouts.idle_ns));
	client_go_on(c);
	if (c->state == CLIENT_IDLE && c->deaf && !c->feeding)
		end(c);
}

void
client_due(struct client *c)
{
	if (c->state == CLIENT_IDLE && c->ahead.size && !c->unsent)
		client_refuse(c, 408, "the request head took too long", true);
	else if (c->state == CLIENT_IDLE && !c->unsent)
		end(c);
	else if (c->state == CLIENT_BUSY && !c->unsent && c->x && !c->x->question_ended)
		errand_question_late(c->x);
	else
		client_abort(c);
}

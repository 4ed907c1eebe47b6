/* SPDX-License-Identifier: MIT */
#include "gate/front/client_h1.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gate/front/client.h"
#include "gate/front/front_h2.h"
#include "gate/origin/errand.h"
#include "net/http2_server.h"

enum h1_state {
	H1_IDLE,       /* between requests; bytes of a head may be there */
	H1_BUSY,       /* a request is under way */
	H1_ENDING,     /* told that no more comes: what it still says is not looked at */
	H1_GONE,
};

struct h1 {
	struct client client;  /* of the request under way */
	struct front *front;
	enum h1_state state;
	bool heading;          /* a part of a head is there, the timer says for how long at most */
	bool feeding;          /* its bytes are being looked at */
	bool begun;            /* it has asked something: it will not turn out to speak HTTP/2 */
	struct buf ahead;      /* received and not used yet */
};

static struct h1 *
h1_of(struct client *c)
{
	return (struct h1 *)(void *)c;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void
h1_left(struct front *f)
{
	struct h1 *h = f->speaker;

	h->state = H1_GONE;
	buf_done(&h->ahead);
	client_left(&h->client);
	gate_worker_bury(f->w, &h->client.grave);
}

/* No more comes: wait until the client has ended too. What it has sent and nobody has read would otherwise make its
 * system throw away what we sent last (RFC 9112, section 9.6). */
static void
linger(struct h1 *h)
{
	struct front *f = h->front;

	h->state = H1_ENDING;
	buf_done(&h->ahead);
	if (f->deaf && !h->client.unsent) {
		front_abort(f);
		return;
	}
	front_hold(f, false);
	front_set_timer(f, h->client.unsent ? f->w->config->timeouts.send_ns : GATE_LINGER_NS);
}

static void
end(struct h1 *h)
{
	front_finish(h->front);
	linger(h);
}

static void
h1_drain(struct front *f)
{
	struct h1 *h = f->speaker;

	if (f->w->ending && h->state == H1_IDLE && !h->ahead.size)
		end(h);
}

/* ---- sending --------------------------------------------------------------------------------- */

static bool
h1_send(struct client *c, const struct engine_piece *pieces, uint32_t n, bool head)
{
	struct front *f = c->front;
	ssize_t left = front_send(f, pieces, n);

	(void)head;
	if (left < 0) {
		front_abort(f);
		return false;
	}
	if (left && !c->unsent)
		front_set_timer(f, c->w->config->timeouts.send_ns);
	c->unsent = left;
	return true;
}

static void
h1_sent(struct front *f)
{
	struct h1 *h = f->speaker;

	h->client.unsent = 0;
	if (h->state == H1_ENDING && f->deaf)
		front_abort(f);
	else if (h->state == H1_ENDING)
		front_set_timer(f, GATE_LINGER_NS);
	else if (h->state == H1_BUSY)
		timer_stop(&f->timer);
	if (h->state == H1_BUSY)
		client_ready(&h->client);
}

static void
h1_hold(struct client *c, bool held)
{
	front_hold(c->front, held);
}

static void
h1_finish(struct client *c)
{
	front_finish(c->front);
}

static void
h1_await_body(struct client *c, bool awaited)
{
	if (awaited)
		front_set_timer(c->front, c->w->config->timeouts.body_ns);
	else
		timer_stop(&c->front->timer);
}

/* What came of the answer goes out: it may be why the server broke off. Where the client is slow that would be to keep
 * what it has not taken, which may stand in the store. */
static void
h1_abort(struct client *c)
{
	struct h1 *h = h1_of(c);

	if (h->front->gone)
		return;
	if (c->unsent) {
		front_abort(h->front);
		return;
	}
	client_left(c);
	front_cut(h->front);
	linger(h);
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void
begin(struct h1 *h, const struct http1_request *r, const char *raw, size_t size)
{
	timer_stop(&h->front->timer);
	h->heading = false;
	h->begun = true;
	h->state = H1_BUSY;
	h->client.keep_alive = r->keep_alive && !h->front->w->draining;
	client_begin(&h->client, r, (struct text){ raw, size });
}

/* What is there may be the beginning of a head: it must not become too long, nor take too long. */
static void
await_head(struct h1 *h, const char *bytes, size_t size)
{
	const struct gate_config *config = h->front->w->config;

	if ((int64_t)size > config->limits.head_bytes) {
		bool first_line = !memchr(bytes, '\n', size);
		client_refuse(&h->client, first_line ? 414 : 431, "the request head is too large", true);
	} else if (!h->heading) {
		h->heading = true;
		visit_first_byte(&h->client);
		front_set_timer(h->front, config->timeouts.head_ns);
	}
}

/* HTTP/2 by prior knowledge (RFC 9113, section 3.3). */
static size_t
change_to_h2(struct h1 *h, const char *bytes, size_t size)
{
	struct front *f = h->front;

	if (h2_begin(f) < 0) {
		front_abort(f);
		return size;
	}
	h->state = H1_GONE;
	gate_worker_bury(f->w, &h->client.grave);
	f->ops->received(f, bytes, size);
	return size;
}

/* Take from the bytes what is of use now; returns how much that was. */
static size_t
take(struct h1 *h, const char *bytes, size_t size)
{
	struct gate_worker *w = h->front->w;
	struct client *c = &h->client;
	size_t used = size;

	if (h->state == H1_BUSY)
		return c->x ? errand_question(c->x, bytes, size) : 0;
	if (h->state != H1_IDLE)
		return size;
	enum http1_verdict v = http1_request_parse(&w->request, bytes, size, &used);
	if (v == HTTP1_DONE && used <= (size_t)w->config->limits.head_bytes) {
		begin(h, &w->request, bytes, used);
		return used;
	}
	int other = v == HTTP1_BAD && !h->begun ? http2_preface_is(bytes, size) : -1;
	if (other > 0)
		return change_to_h2(h, bytes, size);
	if (v == HTTP1_BAD && other < 0)
		client_refuse(c, w->request.status, w->request.why, true);
	else
		await_head(h, bytes, size);
	return h->state == H1_IDLE ? 0 : size;
}

static size_t
feed(struct h1 *h, const char *bytes, size_t size)
{
	size_t used = 0;

	h->feeding = true;
	while (used < size && h->state != H1_GONE) {
		size_t n = take(h, bytes + used, size - used);
		if (!n)
			break;
		used += n;
	}
	h->feeding = false;
	return used;
}

/* What came ahead, as far as it is of use now. */
static void
feed_ahead(struct h1 *h)
{
	struct buf ahead = h->ahead;

	if (!ahead.size)
		return;
	h->ahead = (struct buf){ .cap_bytes = ahead.cap_bytes };
	size_t used = feed(h, ahead.data, ahead.size);
	if (h->state == H1_IDLE || h->state == H1_BUSY) {
		buf_append(&h->ahead, ahead.data + used, ahead.size - used);
		front_hold(h->front, h->ahead.size > GATE_AHEAD_MAX);
	}
	buf_done(&ahead);
}

static void
h1_go_on(struct client *c)
{
	struct h1 *h = h1_of(c);

	front_hold(h->front, false);
	if (h->feeding)
		return;
	feed_ahead(h);
	if (h->state == H1_BUSY && h->front->deaf && c->x && !h->ahead.size && !errand_client_deaf(c->x, false))
		errand_fail(c->x, 400, "a body without its end");   /* and the answers before it still arrive */
}

/* A head that comes in many pieces is looked at when a line has ended, not with each byte. */
static bool
worth_a_look(const struct h1 *h, const char *bytes, size_t size)
{
	return h->state != H1_IDLE || h->ahead.size > (size_t)h->front->w->config->limits.head_bytes ||
	    memchr(bytes, '\n', size);
}

static void
h1_received(struct front *f, const char *bytes, size_t size)
{
	struct h1 *h = f->speaker;

	if (h->state == H1_ENDING)
		return;
	if (!h->ahead.size) {
		size_t used = feed(h, bytes, size);
		if (used == size || h->state == H1_GONE || h->state == H1_ENDING)
			return;
		buf_append(&h->ahead, bytes + used, size - used);
	} else {
		bool look = worth_a_look(h, bytes, size);
		buf_append(&h->ahead, bytes, size);
		if (h->ahead.truncated) {
			front_abort(f);
			return;
		}
		if (look)
			feed_ahead(h);
	}
	if (h->state == H1_BUSY && h->ahead.size > GATE_AHEAD_MAX)
		front_hold(f, true);
}

static bool
h1_ended(struct front *f)
{
	struct h1 *h = f->speaker;
	struct client *c = &h->client;

	c->deaf = true;
	if (h->state == H1_BUSY)
		return !c->x || errand_client_deaf(c->x, h->ahead.size);   /* or it waits for the store */
	if (h->state == H1_IDLE)   /* what was sent last may still be on its way to the kernel */
		end(h);
	return h->state == H1_ENDING && c->unsent;
}

/* ---- between requests ------------------------------------------------------------------------ */

static void
h1_answered(struct client *c)
{
	struct h1 *h = h1_of(c);
	const struct gate_timeouts *t = &c->w->config->timeouts;

	c->x = NULL;
	if (h->state == H1_GONE)
		return;
	visit_end(c);
	c->is_head = false;
	if (!c->keep_alive || (c->deaf && !h->ahead.size && !h->feeding)) {
		end(h);
		return;
	}
	h->state = H1_IDLE;
	front_set_timer(h->front, c->unsent ? t->send_ns : t->idle_ns);
	h1_go_on(c);
	if (h->state == H1_IDLE && c->deaf && !h->feeding)
		end(h);
}

static void
h1_due(struct front *f)
{
	struct h1 *h = f->speaker;
	struct client *c = &h->client;

	if (h->state == H1_IDLE && h->ahead.size && !c->unsent)
		client_refuse(c, 408, "the request head took too long", true);
	else if (h->state == H1_IDLE && !c->unsent)
		end(h);
	else if (h->state == H1_BUSY && !c->unsent && c->x && !c->x->question_ended)
		errand_question_late(c->x);
	else
		front_abort(f);
}

/* ---- beginning ------------------------------------------------------------------------------- */

static const struct client_ops asker = {
	.protocol = "HTTP/1.1",
	.send = h1_send, .hold = h1_hold, .go_on = h1_go_on, .await_body = h1_await_body, .finish = h1_finish,
	.answered = h1_answered, .abort = h1_abort,
};

static const struct front_ops speaker = {
	.received = h1_received, .ended = h1_ended, .sent = h1_sent, .due = h1_due, .drain = h1_drain,
	.left = h1_left,
};

int
h1_begin(struct front *f)
{
	struct h1 *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	client_init(&h->client, f, &asker);
	h->front = f;
	h->ahead.cap_bytes = GATE_BATCH_MAX;
	f->ops = &speaker;
	f->speaker = h;
	front_set_timer(f, f->w->config->timeouts.idle_ns);
	return 0;
}

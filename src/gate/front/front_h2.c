/* SPDX-License-Identifier: MIT */
#include "gate/front/front_h2.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gate/front/client_h2.h"

/* At once; as nginx and Apache allow. */
#define STREAMS_MAX   128
/* Put into frames before the socket has to take some of it. */
#define FLUSH_BYTES   ((size_t)128 << 10)
/* After the word that the gate is about to end: for requests on their way then. */
#define NOTICE_NS     NS_PER_S

void
h2_mark(struct h2 *h)
{
	struct gate_worker *w = h->front->w;

	if (h->dirty || h->gone)
		return;
	h->dirty = true;
	h->next_dirty = w->dirty;
	w->dirty = h;
}

static void
h2_left(struct front *f)
{
	struct h2 *h = f->speaker;

	h->gone = true;
	h2_bury_all(h);
	http2_server_close(&h->server);
	gate_worker_bury(f->w, &h->grave);
}

/* All is said: wait until the client has ended too, as HTTP/1.1 does. */
static void
end(struct h2 *h)
{
	struct front *f = h->front;

	h->ending = true;
	h2_leave_all(h);
	front_finish(f);
	if (f->deaf && !h->unsent)
		front_abort(f);
	else
		front_set_timer(f, h->unsent ? f->w->config->timeouts.send_ns : GATE_LINGER_NS);
}

static enum h2_waits
waits_for(const struct h2 *h)
{
	if (h->unsent)
		return H2_SENT;
	if (http2_watch_awaits_head(&h->server.watch))
		return H2_HEAD;
	if (h->noticed && !h->going)
		return H2_NOTICE;
	if (h->n_answered)
		return H2_WINDOW;
	return h->server.n_open ? H2_NOTHING : H2_REQUEST;
}

/* The time for one thing goes on while others happen: pings keep nobody connected. */
static void
rest(struct h2 *h)
{
	struct front *f = h->front;
	const struct gate_timeouts *t = &f->w->config->timeouts;
	const int64_t times[] = {
		[H2_SENT] = t->send_ns, [H2_HEAD] = t->head_ns, [H2_NOTICE] = NOTICE_NS, [H2_WINDOW] = t->send_ns,
		[H2_REQUEST] = t->idle_ns,
	};
	enum h2_waits waits = waits_for(h);
	bool anew = waits != h->waits || waits == H2_SENT || (waits == H2_WINDOW && h->progressed);

	if (f->deaf && !h->server.n_open && !h->unsent) {
		front_abort(f);
		return;
	}
	h->waits = waits;
	h->progressed = false;
	if (waits == H2_NOTHING)
		timer_stop(&f->timer);
	else if (anew)
		front_set_timer(f, times[waits]);
}

static void
flush(struct h2 *h)
{
	struct front *f = h->front;
	struct buf *out = &f->w->frames;
	bool alive = true;

	if (h->ending || h->unsent)
		return;
	do {
		buf_clear(out);
		alive = http2_server_flush(&h->server, FLUSH_BYTES, out);
		struct engine_piece p = { out->data, out->size, false };
		h->unsent = out->size ? front_send(f, &p, 1) : 0;
	} while (alive && h->server.more && !h->unsent);
	if (h->unsent < 0)
		front_abort(f);
	else if (!alive)
		end(h);
	else
		rest(h);
}

void
h2_turn(struct gate_worker *w)
{
	while (w->dirty) {
		struct h2 *h = w->dirty;
		w->dirty = h->next_dirty;
		h->dirty = false;
		if (!h->gone)
			flush(h);
	}
}

static void
h2_received(struct front *f, const char *bytes, size_t size)
{
	struct h2 *h = f->speaker;

	if (h->ending)
		return;
	http2_server_feed(&h->server, bytes, size, f->w->now_ns);
	h2_mark(h);
}

static bool
h2_ended(struct front *f)
{
	struct h2 *h = f->speaker;

	return h->unsent || (!h->ending && h->server.n_open);
}

static void
h2_sent(struct front *f)
{
	struct h2 *h = f->speaker;

	h->unsent = 0;
	if (h->ending && f->deaf)
		front_abort(f);
	else if (h->ending)
		front_set_timer(f, GATE_LINGER_NS);
	else
		h2_mark(h);
}

static void
go_away(struct h2 *h)
{
	h->going = true;
	http2_server_goaway(&h->server);
	h2_mark(h);
}

/* Streams that the client has opened before it knew are served: it gets a moment to know. */
static void
h2_drain(struct front *f)
{
	struct h2 *h = f->speaker;

	if (h->ending || h->noticed)
		return;
	h->noticed = true;
	if (!h->server.n_open && f->w->ending) {
		go_away(h);
		return;
	}
	http2_server_notice(&h->server);
	h2_mark(h);
}

static void
h2_due(struct front *f)
{
	struct h2 *h = f->speaker;

	bool over = h->waits == H2_NOTICE || h->waits == H2_REQUEST;
	if (h->ending || !over || h->going)
		front_abort(f);
	else
		go_away(h);
}

static const struct front_ops speaker = {
	.received = h2_received, .ended = h2_ended, .sent = h2_sent, .due = h2_due, .drain = h2_drain,
	.left = h2_left,
};

int
h2_begin(struct front *f)
{
	struct gate_worker *w = f->w;
	struct h2 *h = calloc(1, sizeof(*h));
	const struct http2_server_limits limits = {
		.streams = STREAMS_MAX, .head_bytes = (size_t)w->config->limits.head_bytes,
	};

	if (!h)
		return -ENOMEM;
	h->front = f;
	h->sink = h2_sink(h);
	if (http2_server_open(&h->server, &h->sink, &limits, &w->http2_pool, w->now_ns) < 0) {
		free(h);
		return -ENOMEM;
	}
	f->ops = &speaker;
	f->speaker = h;
	h->waits = H2_REQUEST;
	front_set_timer(f, w->config->timeouts.idle_ns);
	h2_mark(h);
	return 0;
}

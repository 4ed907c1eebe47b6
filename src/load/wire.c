/* SPDX-License-Identifier: MIT */
#include "load/wire.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "load/exchange.h"
#include "load/program.h"

/* Nothing listens, in a row and for so long: the service is gone. */
#define GONE_REFUSALS 3
#define GONE_NS       NS_PER_S

static void
count_refusal(struct worker *w, int64_t now)
{
	if (!w->refusals++)
		w->refused_ns = now;
	if (w->refusals >= GONE_REFUSALS && now - w->refused_ns > GONE_NS)
		atomic_store(&w->gone, true);
}

/* The engine has forgotten the connection: so do we. */
static void
forget(struct worker *w, uint32_t conn)
{
	exchange_retire_slots(w, conn);
	w->program->protocol->closed(w, conn);
	w->conns[conn].state = CONN_CLOSED;
}

/* The connection is lost, and all requests on it with it. */
static void
lose(struct worker *w, uint32_t conn, enum outcome o, const char *why, int64_t now)
{
	exchange_lose(w, conn, o, why, now);
	forget(w, conn);
}

static void
break_off(struct worker *w, uint32_t conn, enum outcome o, const char *why)
{
	w->ops->drop(w->engine, conn);
	lose(w, conn, o, why, now_ns());
}

int
wire_connect(struct worker *w, uint32_t conn, int64_t now)
{
	struct conn *c = &w->conns[conn];
	int code = w->ops->connect(w->engine, conn, w->to);

	if (code < 0)
		return code;
	c->state = CONN_CONNECTING;
	c->begun_ns = now;
	exchange_offer_slots(w, conn);
	return 0;
}

void
wire_close(struct worker *w, uint32_t conn)
{
	w->ops->drop(w->engine, conn);
	forget(w, conn);
}

void
wire_trim(struct worker *w, uint32_t keep)
{
	for (uint32_t i = 0; i < w->max_conns; i++) {
		const struct conn *c = &w->conns[i];
		if (c->state == CONN_CLOSED || c->n_busy)
			continue;
		if (keep)
			keep--;
		else
			wire_close(w, i);
	}
}

int
wire_send(struct worker *w, uint32_t conn, const void *bytes, size_t size, bool lasting)
{
	return w->ops->send(w->engine, conn, bytes, size, lasting);
}

void
wire_ready(struct worker *w, uint32_t conn, int64_t at_ns)
{
	struct conn *c = &w->conns[conn];

	histogram_record(&w->tally->spans[SPAN_GREET], at_ns - c->connected_ns);
	c->state = CONN_READY;
	exchange_send_waiting(w, conn);
}

static void
on_connected(void *ctx, uint32_t conn)
{
	struct worker *w = ctx;
	struct conn *c = &w->conns[conn];

	w->refusals = 0;
	c->connected_ns = now_ns();
	c->state = CONN_GREETING;
	histogram_record(&w->tally->spans[SPAN_CONNECT], c->connected_ns - c->begun_ns);
	int code = w->program->protocol->open(w, conn);
	if (code < 0) {
		break_off(w, conn, OUTCOME_RESET, strerror(-code));
	} else if (code == 0) {
		c->state = CONN_READY;
		exchange_send_waiting(w, conn);
	}
}

static void
on_received(void *ctx, uint32_t conn, const char *bytes, size_t size, int64_t at_ns)
{
	struct worker *w = ctx;
	const char *why = w->program->protocol->feed(w, conn, bytes, size, at_ns);

	if (why)
		break_off(w, conn, OUTCOME_PROTOCOL, why);
}

static void
on_broken(void *ctx, uint32_t conn, int code)
{
	struct worker *w = ctx;
	int64_t now = now_ns();

	if (w->conns[conn].state == CONN_CONNECTING) {
		if (code == ECONNREFUSED)
			count_refusal(w, now);
		lose(w, conn, OUTCOME_CONNECT, strerror(code), now);
		return;
	}
	if (code == 0 && w->program->protocol->end)
		w->program->protocol->end(w, conn, now);
	if (w->conns[conn].state == CONN_CLOSED)
		return;
	if (code == 0)
		lose(w, conn, OUTCOME_CLOSED, "the connection was closed in the middle of an answer", now);
	else
		lose(w, conn, OUTCOME_RESET, strerror(code), now);
}

const struct engine_sink wire_sink = {
	.connected = on_connected, .received = on_received, .broken = on_broken,
};

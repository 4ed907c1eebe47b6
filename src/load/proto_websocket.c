/* SPDX-License-Identifier: MIT */
/* WebSocket: a message is a request, the next message of the server its answer. */
#include <string.h>

#include "base/random.h"
#include "load/exchange.h"
#include "load/program.h"
#include "load/wire.h"
#include "net/websocket.h"

struct websocket_conn {
	struct websocket ws;
	struct buf out;
};

static int
ws_open(struct worker *w, uint32_t conn)
{
	struct websocket_conn *c = wire_state(w, conn);
	const struct program *p = w->program;
	const struct websocket_request request = {
		.host = p->target.authority, .path = p->target.path, .headers = p->upgrade_headers,
	};

	websocket_start(&c->ws, &request, random_at(p->seed, conn), NULL, &c->out);
	int code = wire_send_out(w, conn, &c->out);
	return code < 0 ? code : 1;
}

static int
ws_send(struct worker *w, uint32_t conn, uint32_t slot)
{
	struct websocket_conn *c = wire_state(w, conn);
	const struct exchange *x = &w->slots[slot];
	struct template_values v = exchange_values(w, x);
	struct capture *kept = exchange_capture(w, slot);

	c->ws.keep = kept ? &kept->body : NULL;
	buf_clear(&w->body);
	template_render(&w->program->routes[x->route].body, &v, &w->body);
	websocket_send(&c->ws, WEBSOCKET_TEXT, buf_text(&w->body), w->body.size, &c->out);
	return wire_send_out(w, conn, &c->out);
}

static const char *
take(struct worker *w, uint32_t conn, struct websocket_conn *c, enum websocket_verdict v,
    int64_t at_ns)
{
	const struct reply reply = { .keep = true, .body_bytes = c->ws.message_bytes };

	switch (v) {
	case WEBSOCKET_OPEN:
		wire_ready(w, conn, at_ns);
		return NULL;
	case WEBSOCKET_MESSAGE:          /* unasked ones are news that nobody waits for */
		if (w->slots[conn].list == SLOT_BUSY && w->slots[conn].sent_ns)
			exchange_answer(w, conn, &reply, at_ns);
		return NULL;
	case WEBSOCKET_CLOSED:
		if (w->slots[conn].list == SLOT_BUSY)
			exchange_fail(w, conn, OUTCOME_CLOSED, "the server closed the WebSocket");
		wire_drain(w, conn);
		return NULL;
	case WEBSOCKET_BAD:
		return c->ws.why;
	case WEBSOCKET_MORE:
		break;
	}
	return NULL;
}

static const char *
ws_feed(struct worker *w, uint32_t conn, const char *bytes, size_t size, int64_t at_ns)
{
	struct websocket_conn *c = wire_state(w, conn);
	const char *why = NULL;
	size_t used;

	if (w->slots[conn].list == SLOT_BUSY && w->slots[conn].sent_ns)
		exchange_first(&w->slots[conn], at_ns);
	while (size && !why && !w->conns[conn].draining) {
		enum websocket_verdict v = websocket_feed(&c->ws, bytes, size, &used, &c->out);
		bytes += used;
		size -= used;
		why = take(w, conn, c, v, at_ns);
	}
	int code = wire_send_out(w, conn, &c->out);
	return why ? why : code < 0 ? strerror(-code) : NULL;
}

static void
ws_closed(struct worker *w, uint32_t conn)
{
	struct websocket_conn *c = wire_state(w, conn);

	websocket_done(&c->ws);
	buf_clear(&c->out);
}

static void
ws_done(struct worker *w, uint32_t conn)
{
	struct websocket_conn *c = wire_state(w, conn);
	buf_done(&c->out);
}

const struct protocol protocol_websocket = {
	.name = "WebSocket",
	.keeps = true,
	.state_bytes = sizeof(struct websocket_conn),
	.most_at_once = 1,
	.usually_at_once = 1,
	.open = ws_open,
	.send = ws_send,
	.feed = ws_feed,
	.closed = ws_closed,
	.done = ws_done,
};

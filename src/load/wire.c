/* SPDX-License-Identifier: MIT */
#include "load/wire.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "load/exchange.h"
#include "load/program.h"
#include "net/tls.h"

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

/* ---- the end of a connection --------------------------------------------------------------- */

/* The engine has forgotten the connection: so do we. */
static void
forget(struct worker *w, uint32_t conn)
{
	struct conn *c = &w->conns[conn];

	exchange_retire_slots(w, conn);
	w->program->protocol->closed(w, conn);
	tls_close(c->tls);
	c->tls = NULL;
	c->state = CONN_CLOSED;
	c->doomed = c->draining = false;
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

/* While bytes of the connection are being taken, what takes them may not be pulled away. */
void
wire_close(struct worker *w, uint32_t conn)
{
	struct conn *c = &w->conns[conn];

	if (c->feeding) {
		c->doomed = true;
		exchange_retire_slots(w, conn);
		return;
	}
	w->ops->drop(w->engine, conn);
	forget(w, conn);
}

void
wire_drain(struct worker *w, uint32_t conn)
{
	struct conn *c = &w->conns[conn];

	if (!c->draining)
		exchange_hold_slots(w, conn);
	c->draining = true;
	if (!c->n_busy)
		wire_close(w, conn);
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

/* ---- bytes out ----------------------------------------------------------------------------- */

/* What TLS has put into w->out. */
static int
send_out(struct worker *w, uint32_t conn)
{
	int code = w->out.size ? w->ops->send(w->engine, conn, w->out.data, w->out.size, false) : 0;

	buf_clear(&w->out);
	return code;
}

int
wire_send(struct worker *w, uint32_t conn, const void *bytes, size_t size, bool lasting)
{
	struct conn *c = &w->conns[conn];

	if (!c->tls)
		return w->ops->send(w->engine, conn, bytes, size, lasting);
	buf_clear(&w->out);
	int code = tls_send(c->tls, bytes, size, &w->out);
	return code < 0 ? code : send_out(w, conn);
}

int
wire_send_out(struct worker *w, uint32_t conn, struct buf *out)
{
	int code = out->size ? wire_send(w, conn, out->data, out->size, false) : 0;

	buf_clear(out);
	return code;
}

void
wire_gather(struct worker *w, uint32_t conn)
{
	if (w->conns[conn].gathering)
		return;
	w->conns[conn].gathering = true;
	w->gathered[w->n_gathered++] = conn;
}

void
wire_flush(struct worker *w)
{
	for (uint32_t i = 0; i < w->n_gathered; i++) {
		uint32_t conn = w->gathered[i];
		w->conns[conn].gathering = false;
		if (w->conns[conn].state != CONN_READY)
			continue;
		int code = w->program->protocol->flush(w, conn);
		if (code < 0)
			break_off(w, conn, OUTCOME_RESET, strerror(-code));
	}
	w->n_gathered = 0;
}

/* ---- its beginning ------------------------------------------------------------------------- */

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

static void
set_ready(struct worker *w, uint32_t conn)
{
	w->conns[conn].state = CONN_READY;
	exchange_send_waiting(w, conn);
}

void
wire_ready(struct worker *w, uint32_t conn, int64_t at_ns)
{
	histogram_record(&w->tally->spans[SPAN_GREET], at_ns - w->conns[conn].connected_ns);
	set_ready(w, conn);
}

static bool
agrees(const struct worker *w, const struct conn *c)
{
	const char *alpn = w->program->protocol->alpn;
	return !c->tls || !alpn || tls_alpn_is(c->tls, alpn);
}

/* Bytes may flow as they are meant. NULL, or why the connection is useless. */
static const char *
open_protocol(struct worker *w, uint32_t conn)
{
	struct conn *c = &w->conns[conn];

	if (!agrees(w, c))
		return "the server did not agree on HTTP/2 (ALPN)";
	c->state = CONN_GREETING;
	int code = w->program->protocol->open(w, conn);
	if (code < 0)
		return strerror(-code);
	if (code == 0 && c->tls)
		wire_ready(w, conn, now_ns());
	else if (code == 0)
		set_ready(w, conn);
	return NULL;
}

static void
begin_tls(struct worker *w, uint32_t conn)
{
	struct conn *c = &w->conns[conn];

	buf_clear(&w->out);
	int code = tls_open(w->tls, &c->tls, &w->out);
	c->state = CONN_SECURING;
	if (code == 0)
		code = send_out(w, conn);
	if (code < 0)
		break_off(w, conn, OUTCOME_TLS, strerror(-code));
}

static void
on_connected(void *ctx, uint32_t conn)
{
	struct worker *w = ctx;
	struct conn *c = &w->conns[conn];

	w->refusals = 0;
	c->connected_ns = now_ns();
	histogram_record(&w->tally->spans[SPAN_CONNECT], c->connected_ns - c->begun_ns);
	if (w->tls) {
		begin_tls(w, conn);
		return;
	}
	const char *why = open_protocol(w, conn);
	if (why)
		break_off(w, conn, OUTCOME_RESET, why);
}

/* ---- bytes in ------------------------------------------------------------------------------ */

/* Plaintext on its way from TLS to the protocol. */
struct delivery {
	struct worker *w;
	uint32_t conn;
	int64_t at_ns;
	const char *why;           /* the protocol does not go on */
};

static void
deliver(void *ctx, const char *bytes, size_t size)
{
	struct delivery *d = ctx;
	const struct conn *c = &d->w->conns[d->conn];

	/* The first words may come with the end of the handshake. */
	if (c->state == CONN_SECURING)
		d->why = open_protocol(d->w, d->conn);
	if (!d->why && !c->doomed)
		d->why = d->w->program->protocol->feed(d->w, d->conn, bytes, size, d->at_ns);
}

/* Decrypt, and see where that leaves the connection. */
static void
feed_tls(struct worker *w, uint32_t conn, const char *bytes, size_t size, int64_t at_ns)
{
	struct conn *c = &w->conns[conn];
	struct delivery d = { .w = w, .conn = conn, .at_ns = at_ns };
	const struct tls_sink sink = { .ctx = &d, .plain = deliver };

	buf_clear(&w->cipher);
	c->feeding = true;
	enum tls_state state = tls_feed(c->tls, bytes, size, &sink, &w->cipher);
	c->feeding = false;
	if (w->cipher.size)
		w->ops->send(w->engine, conn, w->cipher.data, w->cipher.size, false);
	if (c->state == CONN_SECURING && state == TLS_OPEN && !d.why)
		d.why = open_protocol(w, conn);
	enum outcome o = c->state == CONN_SECURING ? OUTCOME_TLS : OUTCOME_PROTOCOL;
	if (state == TLS_FAILED)
		break_off(w, conn, o, tls_why(c->tls));
	else if (d.why)
		break_off(w, conn, o, d.why);
	else if (c->doomed)
		wire_close(w, conn);
}

static void
feed_plain(struct worker *w, uint32_t conn, const char *bytes, size_t size, int64_t at_ns)
{
	struct conn *c = &w->conns[conn];

	c->feeding = true;
	const char *why = w->program->protocol->feed(w, conn, bytes, size, at_ns);
	c->feeding = false;
	if (why)
		break_off(w, conn, OUTCOME_PROTOCOL, why);
	else if (c->doomed)
		wire_close(w, conn);
}

static void
on_received(void *ctx, uint32_t conn, const char *bytes, size_t size, int64_t at_ns, int64_t seen_ns)
{
	struct worker *w = ctx;

	w->seen_ns = seen_ns;
	if (w->conns[conn].tls)
		feed_tls(w, conn, bytes, size, at_ns);
	else
		feed_plain(w, conn, bytes, size, at_ns);
}

/* A reset, or its second half, is an answer to a connection that was there: a connect that TCP
 * turns down ends with ECONNREFUSED. Whether it came before or after the look at the connect's
 * end is chance. */
static enum outcome
outcome_of(const struct conn *c, int code)
{
	if (c->state == CONN_CONNECTING && code != ECONNRESET && code != EPIPE)
		return OUTCOME_CONNECT;
	if (c->state == CONN_SECURING)
		return OUTCOME_TLS;
	return code ? OUTCOME_RESET : OUTCOME_CLOSED;
}

static const char *
words_for(const struct conn *c, int code)
{
	static const char *const when[] = {
		[CONN_SECURING] = "the connection was closed in the TLS handshake",
		[CONN_GREETING] = "the connection was closed before the greeting was done",
		[CONN_READY] = "the connection was closed in the middle of an answer",
	};
	return code ? strerror(code) : when[c->state];
}

/* The peer has ended the stream: that may be how an answer ends. Under TLS only where it said so,
 * for anybody on the way could have cut it. */
static void
end_stream(struct worker *w, uint32_t conn, int64_t now)
{
	struct conn *c = &w->conns[conn];

	if (c->state != CONN_READY || !w->program->protocol->end ||
	    (c->tls && tls_ended(c->tls) != TLS_CLOSED))
		return;
	c->feeding = true;
	w->program->protocol->end(w, conn, now);
	c->feeding = false;
}

static void
on_broken(void *ctx, uint32_t conn, int code)
{
	struct worker *w = ctx;
	struct conn *c = &w->conns[conn];
	int64_t now = now_ns();

	if (c->state == CONN_CONNECTING && code == ECONNREFUSED)
		count_refusal(w, now);
	w->seen_ns = now;
	if (code == 0)
		end_stream(w, conn, now);
	lose(w, conn, outcome_of(c, code), words_for(c, code), now);
}

const struct engine_sink wire_sink = {
	.connected = on_connected, .received = on_received, .broken = on_broken,
};

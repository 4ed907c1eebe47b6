/* SPDX-License-Identifier: MIT */
/* The life of one request: given to a connection, sent, answered or failed.
 *
 * Every request that was given to a connection ends in exactly one of the outcomes of tally.h;
 * finish() is the only place where that happens. */
#include <errno.h>

#include "base/clock.h"
#include "load/worker.h"

/* Nothing listens, in a row and for so long: the service is gone. */
#define GONE_REFUSALS 3
#define GONE_NS       NS_PER_S

static uint32_t
first_of(const struct worker *w, enum conn_list list)
{
	return w->conns[w->max_conns + list].after;
}

static bool
is_empty(const struct worker *w, enum conn_list list)
{
	return first_of(w, list) == w->max_conns + list;
}

/* Idle connections are used again last in, first out: few stay warm, the rest may time out. The
 * busy ones are in the order in which they will time out. */
void
conn_move(struct worker *w, uint32_t conn, enum conn_list to)
{
	struct conn *c = &w->conns[conn];
	uint32_t head = w->max_conns + to;

	w->conns[c->before].after = c->after;
	w->conns[c->after].before = c->before;
	uint32_t before = to == CONN_BUSY ? w->conns[head].before : head;
	c->before = before;
	c->after = w->conns[before].after;
	w->conns[c->after].before = conn;
	w->conns[before].after = conn;
	w->n_busy += (to == CONN_BUSY) - (c->list == CONN_BUSY);
	c->list = to;
}

/* The connection has no request any more: keep it for the next one or close it. */
static void
release(struct worker *w, uint32_t conn, bool keep, int64_t now)
{
	if (!keep) {
		w->ops->drop(w->engine, conn);
		w->conns[conn].connected = false;
	}
	conn_move(w, conn, keep ? CONN_IDLE : CONN_UNUSED);
	if (w->exhausted) {
		w->exhausted = false;
		w->freed_ns = now;
	}
}

static void
count_refusal(struct worker *w, int64_t now)
{
	if (!w->refusals++)
		w->refused_ns = now;
	if (w->refusals >= GONE_REFUSALS && now - w->refused_ns > GONE_NS)
		atomic_store(&w->gone, true);
}

/* The request on `conn` ends. */
static void
finish(struct worker *w, uint32_t conn, enum outcome o, int64_t now)
{
	struct conn *c = &w->conns[conn];
	int64_t latency = now - w->task->start_ns - c->arrival.at_ns;
	bool answered = o == OUTCOME_ANSWERED;

	if (answered)
		tally_answer(w->tally, c->arrival.route, &c->answer, latency, now - c->sent_ns);
	else if (o == OUTCOME_TIMEOUT || o == OUTCOME_IN_FLIGHT)
		tally_open_end(w->tally, c->arrival.route, o, latency);
	else
		tally_error(w->tally, c->arrival.route, o);
	if (!answered || c->answer.status >= 500 || c->answer.status == 429)
		atomic_fetch_add_explicit(&w->errors, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&w->done, 1, memory_order_relaxed);
	if (o != OUTCOME_CONNECT)
		w->refusals = 0;
	release(w, conn, answered && c->answer.keep_alive, now);
}

static enum outcome
outcome_of(int code)
{
	return code == 0 ? OUTCOME_CLOSED : OUTCOME_RESET;
}

static void
send_request(struct worker *w, uint32_t conn)
{
	struct conn *c = &w->conns[conn];
	const struct request *q = &w->requests[c->arrival.route];

	http1_start(&c->answer, q->head);
	c->sent_ns = now_ns();
	int code = w->ops->send(w->engine, conn, q->bytes, q->size, true);
	if (code < 0)
		finish(w, conn, OUTCOME_RESET, c->sent_ns);
}

static void
on_connected(void *ctx, uint32_t conn)
{
	struct worker *w = ctx;

	w->refusals = 0;
	w->conns[conn].connected = true;
	send_request(w, conn);
}

static void
on_received(void *ctx, uint32_t conn, const char *bytes, size_t size, int64_t at_ns)
{
	struct worker *w = ctx;
	struct conn *c = &w->conns[conn];
	size_t used;

	if (c->list != CONN_BUSY) {       /* nobody asked: a notice before closing, or garbage */
		release(w, conn, false, now_ns());
		return;
	}
	enum http1_verdict v = http1_feed(&c->answer, bytes, size, &used);
	if (v == HTTP1_MORE)
		return;
	(void)at_ns;
	bool whole = v == HTTP1_DONE && used == size;
	finish(w, conn, whole ? OUTCOME_ANSWERED : OUTCOME_PROTOCOL, now_ns());
}

static void
on_broken(void *ctx, uint32_t conn, int code)
{
	struct worker *w = ctx;
	struct conn *c = &w->conns[conn];
	int64_t now = now_ns();

	if (c->list != CONN_BUSY) {
		release(w, conn, false, now);
	} else if (!c->connected) {
		if (code == ECONNREFUSED)
			count_refusal(w, now);
		finish(w, conn, OUTCOME_CONNECT, now);
	} else if (code == 0 && http1_end(&c->answer) == HTTP1_DONE) {
		finish(w, conn, OUTCOME_ANSWERED, now);
	} else {
		finish(w, conn, outcome_of(code), now);
	}
}

const struct engine_sink exchange_sink = {
	.connected = on_connected, .received = on_received, .broken = on_broken,
};

static bool
is_local_lack(int code)
{
	return code == -EMFILE || code == -ENFILE || code == -EADDRNOTAVAIL || code == -ENOBUFS ||
	    code == -ENOMEM;
}

/* A connection for a new request: an idle one, else a new one; UINT32_MAX none. */
static uint32_t
take_conn(struct worker *w, int *ret_code)
{
	*ret_code = 0;
	if (w->n_busy >= w->limit)
		return UINT32_MAX;
	if (!is_empty(w, CONN_IDLE))
		return first_of(w, CONN_IDLE);
	if (is_empty(w, CONN_UNUSED))
		return UINT32_MAX;
	uint32_t conn = first_of(w, CONN_UNUSED);
	*ret_code = w->ops->connect(w->engine, conn, w->to);
	if (!is_local_lack(*ret_code))
		return conn;
	w->out_of = -*ret_code;
	return UINT32_MAX;
}

/* Lag is what passed between "due, and a connection there" and now. */
bool
exchange_begin(struct worker *w, const struct arrival *a, int64_t now)
{
	int code;
	uint32_t conn = take_conn(w, &code);
	if (conn == UINT32_MAX) {
		w->exhausted = true;
		return false;
	}
	struct conn *c = &w->conns[conn];
	int64_t due = w->task->start_ns + a->at_ns;
	c->arrival = *a;
	c->slot_ns = now;
	c->sent_ns = now;
	conn_move(w, conn, CONN_BUSY);
	w->tally->sent++;
	histogram_record(&w->tally->lag, now - (due > w->freed_ns ? due : w->freed_ns));
	if (code < 0)
		on_broken(w, conn, -code);
	else if (c->connected)
		send_request(w, conn);
	return true;
}

int64_t
exchange_deadline(const struct worker *w)
{
	return is_empty(w, CONN_BUSY) ? INT64_MAX
	    : w->conns[first_of(w, CONN_BUSY)].slot_ns + w->task->timeout_ns;
}

void
exchange_expire(struct worker *w, int64_t now)
{
	while (exchange_deadline(w) <= now)
		finish(w, first_of(w, CONN_BUSY), OUTCOME_TIMEOUT, now);
}

void
exchange_abandon(struct worker *w, int64_t now)
{
	while (!is_empty(w, CONN_BUSY))
		finish(w, first_of(w, CONN_BUSY), OUTCOME_IN_FLIGHT, now);
}

void
exchange_trim(struct worker *w, uint32_t keep)
{
	uint32_t head = w->max_conns + CONN_IDLE, conn = first_of(w, CONN_IDLE);

	while (conn != head) {
		uint32_t after = w->conns[conn].after;
		if (keep)
			keep--;
		else
			release(w, conn, false, 0);
		conn = after;
	}
}

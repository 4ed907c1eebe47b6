/* SPDX-License-Identifier: MIT */
#include "gate/level2/l2_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gate/gate_worker.h"

#define WAIT_MIN_NS  (100 * NS_PER_MS)
#define WAIT_MAX_NS  (5 * NS_PER_S)
#define CONNECT_NS   (1 * NS_PER_S)    /* to connect and to be greeted */
#define SILENCE_NS   (1 * NS_PER_S)    /* with commands under way */
#define PARTIAL_KEPT ((size_t)64 << 10)

/* ---- queues ---------------------------------------------------------------------------------- */

static void
queue_clear(struct l2_queue *q)
{
	*q = (struct l2_queue){ .end = &q->first };
}

static void
queue_add(struct l2_queue *q, struct l2_call *call)
{
	*q->end = call;
	q->end = &call->next;
	if (!q->unsent)
		q->unsent = call;
}

static struct l2_call *
queue_take(struct l2_queue *q)
{
	struct l2_call *call = q->first;

	if (!call)
		return NULL;
	q->first = call->next;
	if (!q->first)
		q->end = &q->first;
	if (q->unsent == call)
		q->unsent = q->first;
	return call;
}

static void
end_call(struct l2_link *l, struct l2_call *call, enum l2_reply how, struct text reply)
{
	l->bytes -= call->command.size;
	if (call->done)
		call->done(call, how, how == L2_ANSWERED ? &l->parser : NULL, reply);
	buf_done(&call->command);
	free(call);
}

/* Whoever is told may give commands elsewhere, but none here: the link is down already. */
static void
end_all(struct l2_link *l)
{
	struct l2_call *call;

	while ((call = queue_take(&l->greeting)) || (call = queue_take(&l->calls)))
		end_call(l, call, L2_LOST, (struct text){ 0 });
}

struct l2_call *
l2_link_call(struct l2_link *l, struct buf *command, l2_reply_fn *done, void *ctx)
{
	struct l2_call *call = calloc(1, sizeof(*call));

	if (!call)
		abort();
	*call = (struct l2_call){ .done = done, .ctx = ctx, .command = *command,
		.given_ns = l->w->now_ns };
	*command = (struct buf){ 0 };
	l->bytes += call->command.size;
	queue_add(&l->calls, call);
	return call;
}

static void
send_queue(struct l2_link *l, struct l2_queue *q)
{
	struct gate_worker *w = l->w;

	if (q->unsent && q->unsent == q->first)
		l->heard_ns = w->now_ns;   /* the silence counts from here */
	while (q->unsent) {
		struct engine_piece pieces[ENGINE_PIECES];
		uint32_t n = 0;
		for (; q->unsent && n < ENGINE_PIECES; q->unsent = q->unsent->next)
			pieces[n++] = (struct engine_piece){ q->unsent->command.data,
				q->unsent->command.size, true };
		ssize_t left = l->tls ? l2_tls_send(l, pieces, n) : w->ops->gather(w->engine, l->conn, pieces, n);
		if (left < 0) {
			l2_link_lose(l, "it does not take what is sent");
			return;
		}
		if (!l->timer.due_ns)
			timer_set(&w->timers, &l->timer, w->now_ns + SILENCE_NS);
	}
}

void
l2_link_flush(struct l2_link *l)
{
	if (l->state == L2_LINK_GREETS)
		send_queue(l, &l->greeting);
	else if (l->state == L2_LINK_UP)
		send_queue(l, &l->calls);
}

/* ---- to connect ------------------------------------------------------------------------------ */

static void
wait_and_retry(struct l2_link *l)
{
	l->was_up = l->state == L2_LINK_UP;
	l->state = L2_LINK_WAITS;
	l->lost_before = true;
	timer_set(&l->w->timers, &l->timer, l->w->now_ns + l->wait_ns);
	l->wait_ns = l->wait_ns * 2 < WAIT_MAX_NS ? l->wait_ns * 2 : WAIT_MAX_NS;
}

/* The connection is gone already. */
static void
down(struct l2_link *l, const char *why)
{
	if (l->conn != ENGINE_NONE)
		gate_worker_give_number(l->w, l->conn);
	l->conn = ENGINE_NONE;
	buf_done(&l->partial);
	l2_tls_done(l);
	wait_and_retry(l);
	l->owner->down(l, why);
	end_all(l);
}

void
l2_link_lose(struct l2_link *l, const char *why)
{
	if (l->conn != ENGINE_NONE)
		l->w->ops->drop(l->w->engine, l->conn);
	down(l, why);
}

static void
begin(struct l2_link *l)
{
	struct gate_worker *w = l->w;

	l->state = L2_LINK_CONNECTS;
	l->next = NULL;
	l->conn = gate_worker_take_number(w);
	if (l->conn == ENGINE_NONE) {
		down(l, "no connection is free");
		return;
	}
	w->conns[l->conn].l2 = l;
	timer_set(&w->timers, &l->timer, w->now_ns + CONNECT_NS);
	int code = w->ops->connect(w->engine, l->conn, &l->addr);
	if (code < 0)
		down(l, strerror(-code));
}

void
l2_link_open(struct l2_link *l, size_t reply_max)
{
	l->timer.kind = TIMER_L2;
	l->conn = ENGINE_NONE;
	l->wait_ns = WAIT_MIN_NS;
	l->partial.cap_bytes = reply_max;
	queue_clear(&l->greeting);
	queue_clear(&l->calls);
	begin(l);
}

void
l2_link_close(struct l2_link *l)
{
	if (l->state == L2_LINK_CLOSED)
		return;
	if (l->conn != ENGINE_NONE) {
		l->w->ops->drop(l->w->engine, l->conn);
		gate_worker_give_number(l->w, l->conn);
	}
	l->conn = ENGINE_NONE;
	l->state = L2_LINK_CLOSED;
	timer_remove(&l->w->timers, &l->timer);
	end_all(l);
	l2_tls_done(l);
	buf_done(&l->partial);
	buf_done(&l->role);
}

/* ---- greeting -------------------------------------------------------------------------------- */

static void
add_greeting(struct l2_link *l, struct buf *command, l2_reply_fn *done)
{
	struct l2_call *call = calloc(1, sizeof(*call));

	if (!call)
		abort();
	*call = (struct l2_call){ .done = done, .ctx = l, .command = *command };
	*command = (struct buf){ 0 };
	l->bytes += call->command.size;
	queue_add(&l->greeting, call);
}

static void greet(struct l2_link *l);

/* All went well, or the first thing that did not stands in `why`. */
static void
greeted(struct l2_link *l)
{
	if (l->why[0]) {
		l2_link_lose(l, l->why);
		return;
	}
	l->state = L2_LINK_UP;
	l->wait_ns = WAIT_MIN_NS;
	timer_stop(&l->timer);
	l->owner->up(l, (struct text){ l->role.data, l->role.size });
	buf_done(&l->role);
}

static void
end_step(struct l2_call *call, enum l2_reply how, const struct resp *r, struct text reply)
{
	struct l2_link *l = call->ctx;

	if (how == L2_LOST)
		return;
	if (r->kind == RESP_ERROR && !l->why[0])
		memcpy(l->why, r->error, sizeof(l->why));
}

static void
end_hello(struct l2_call *call, enum l2_reply how, const struct resp *r, struct text reply)
{
	struct l2_link *l = call->ctx;

	if (how == L2_ANSWERED && r->kind == RESP_ERROR && !l->old &&
	    (strncmp(r->error, "ERR unknown", 11) == 0 || strncmp(r->error, "NOPROTO", 7) == 0))
		l->old = true;   /* what follows was asked of it too, and is asked again */
	else
		end_step(call, how, r, reply);
}

static void
end_role(struct l2_call *call, enum l2_reply how, const struct resp *r, struct text reply)
{
	struct l2_link *l = call->ctx;

	end_step(call, how, r, reply);
	if (how == L2_ANSWERED && r->kind != RESP_ERROR)
		buf_append(&l->role, reply.at, reply.size);
}

/* The last one: by now all have been answered. A server that knows no HELLO is greeted in the old way. */
static void
end_greeting(struct l2_call *call, enum l2_reply how, const struct resp *r, struct text reply)
{
	struct l2_link *l = call->ctx;
	bool once_more = l->old && !l->asked_old;

	if (how == L2_LOST)
		return;
	if (!once_more)
		end_step(call, how, r, reply);
	l->asked_old = l->old;
	if (once_more)
		greet(l);
	l->greets_over = !once_more;
}

static void
greet(struct l2_link *l)
{
	const struct gate_l2 *c = l->c;
	struct buf b = { 0 };

	l->why[0] = '\0';
	buf_clear(&l->role);
	if (!l->old) {
		resp_hello(&b, c->user, c->password);
		add_greeting(l, &b, end_hello);
	} else if (c->password) {
		resp_auth(&b, c->user, c->password);
		add_greeting(l, &b, end_step);
	}
	if (c->database) {
		resp_select(&b, c->database);
		add_greeting(l, &b, end_step);
	}
	if (l->reads_only) {
		resp_command(&b, (struct resp_word[]){ { "READONLY", 8 } }, 1);
		add_greeting(l, &b, end_step);
	}
	if (l->asks_role) {
		resp_command(&b, (struct resp_word[]){ { "ROLE", 4 } }, 1);
		add_greeting(l, &b, end_role);
	}
	resp_command(&b, (struct resp_word[]){ { "PING", 4 } }, 1);
	add_greeting(l, &b, end_greeting);
}

void
l2_link_greet(struct l2_link *l)
{
	l->state = L2_LINK_GREETS;
	l->asked_old = l->old = l->greets_over = false;
	resp_start(&l->parser, NULL);
	buf_clear(&l->partial);
	greet(l);
	l2_link_flush(l);
}

void
l2_link_connected(struct l2_link *l)
{
	if (l->secure)
		l2_tls_begin(l);
	else
		l2_link_greet(l);
}

/* ---- what comes ------------------------------------------------------------------------------ */

/* One reply is there; false: the link is gone, or was made anew. */
static bool
take_reply(struct l2_link *l, struct text reply)
{
	uint32_t conn = l->conn;
	struct l2_call *call = queue_take(l->state == L2_LINK_GREETS ? &l->greeting : &l->calls);

	if (!call) {
		l2_link_lose(l, "it says what nobody has asked");
		return false;
	}
	end_call(l, call, L2_ANSWERED, reply);
	if (l->conn != conn)
		return false;
	if (l->state == L2_LINK_GREETS && l->greets_over)
		greeted(l);
	else if (l->state == L2_LINK_GREETS)
		l2_link_flush(l);
	return l->conn == conn;
}

static void
clear_partial(struct l2_link *l)
{
	if (l->partial.allocated > PARTIAL_KEPT)
		buf_done(&l->partial);
	buf_clear(&l->partial);
	resp_start(&l->parser, NULL);
}

/* Of a server that hangs up, or says what is no greeting, before it has been greeted. */
static const char *
next_of_stranger(const struct l2_link *l)
{
	if (l->state != L2_LINK_GREETS)
		return NULL;
	return l->tls ? "if it wants clients to show a certificate, set l2.tls.certificate and l2.tls.key"
	    : "if it speaks TLS there, set l2.tls: true";
}

void
l2_link_take(struct l2_link *l, const char *bytes, size_t size)
{
	enum resp_verdict v = RESP_DONE;
	size_t used;

	for (; size; bytes += used, size -= used) {
		v = resp_feed(&l->parser, bytes, size, &used);
		struct text reply = { bytes, used };
		if (v == RESP_MORE || l->partial.size || l->partial.truncated) {
			buf_append(&l->partial, bytes, used);
			reply = (struct text){ l->partial.data, l->partial.truncated ? 0 : l->partial.size };
		}
		if (v == RESP_MORE)
			return;
		if (v == RESP_BAD) {
			l->next = next_of_stranger(l);
			l2_link_lose(l, "it does not speak Redis' protocol");
			return;
		}
		if (v == RESP_DONE && !take_reply(l, reply))
			return;
		clear_partial(l);
	}
}

void
l2_link_received(struct l2_link *l, const char *bytes, size_t size)
{
	l->heard_ns = l->w->now_ns;
	if (l->tls)
		l2_tls_received(l, bytes, size);
	else
		l2_link_take(l, bytes, size);
}

void
l2_link_broken(struct l2_link *l, int code)
{
	const char *why = code ? strerror(code) : l->tls ? l2_tls_ended(l) : "it has closed the connection";

	if (!l->next)
		l->next = next_of_stranger(l);
	down(l, why);
}

/* The timer is looked at where it comes up: putting it off with each reply would cost more. */
void
l2_link_due(struct l2_link *l)
{
	struct gate_worker *w = l->w;

	if (l->state == L2_LINK_WAITS)
		begin(l);
	else if (l->state == L2_LINK_CONNECTS)
		l2_link_lose(l, "it cannot be reached");
	else if (l->state == L2_LINK_SECURES)
		l2_link_lose(l, l2_tls_ended(l));
	else if (l->state != L2_LINK_UP)
		l2_link_lose(l, "it does not answer");
	else if (l->calls.first && l->calls.first != l->calls.unsent && w->now_ns - l->heard_ns >= SILENCE_NS)
		l2_link_lose(l, "it does not answer");
	else if (l->calls.first)
		timer_set(&w->timers, &l->timer, w->now_ns + SILENCE_NS);
}

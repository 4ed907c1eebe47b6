/* SPDX-License-Identifier: MIT */
#include "gate/front/front.h"

#include <stdlib.h>
#include <string.h>

#include "gate/front/client_h1.h"
#include "gate/front/front_tls.h"

/* ---- beginning and end ----------------------------------------------------------------------- */

static void
bury(struct front *f)
{
	struct gate_worker *w = f->w;

	front_tls_done(f);
	timer_remove(&w->timers, &f->timer);
	gate_worker_give_number(w, f->conn);
	w->n_fronts--;
	metrics_add(w->metrics, METRIC_CLIENTS, 0, -1);
	gate_worker_bury(w, &f->grave);
}

uint32_t
front_accept(struct gate_worker *w, uint32_t listener)
{
	uint32_t conn = w->n_fronts < w->max_fronts ? gate_worker_take_number(w) : ENGINE_NONE;
	struct front *f = conn == ENGINE_NONE ? NULL : calloc(1, sizeof(*f));

	if (!f) {
		if (conn != ENGINE_NONE)
			gate_worker_give_number(w, conn);
		return ENGINE_NONE;
	}
	f->w = w;
	f->conn = conn;
	f->listener = listener;
	f->timer.kind = TIMER_FRONT;
	w->conns[conn].front = f;
	w->n_fronts++;
	metrics_add(w->metrics, METRIC_CLIENTS, 0, 1);
	metrics_add(w->metrics, METRIC_CLIENTS_TOTAL, 0, 1);
	if ((w->config->listens[listener].n_certificates ? front_tls_begin(f) : h1_begin(f)) == 0)
		return conn;
	bury(f);
	return ENGINE_NONE;
}

void
front_broken(struct front *f)
{
	f->gone = true;
	f->ops->left(f);
	bury(f);
}

void
front_abort(struct front *f)
{
	if (f->gone)
		return;
	if (f->w->feed)
		front_peer(f);   /* for the line that will be written */
	f->w->ops->drop(f->w->engine, f->conn);
	front_broken(f);
}

/* ---- what the engine and the timers tell ----------------------------------------------------- */

void
front_received(struct front *f, const char *bytes, size_t size)
{
	metrics_add(f->w->metrics, METRIC_RECEIVED, 0, (int64_t)size);
	if (f->tls)
		front_tls_received(f, bytes, size);
	else
		f->ops->received(f, bytes, size);
}

bool
front_ended(struct front *f)
{
	f->deaf = true;
	return f->ops->ended(f);
}

void
front_sent(struct front *f)
{
	f->ops->sent(f);
}

void
front_due(struct front *f)
{
	f->ops->due(f);
}

void
front_drain(struct front *f)
{
	f->ops->drain(f);
}

/* ---- for who speaks -------------------------------------------------------------------------- */

ssize_t
front_send(struct front *f, const struct engine_piece *pieces, uint32_t n)
{
	struct gate_worker *w = f->w;
	int64_t size = 0;

	if (f->tls)
		return front_tls_send(f, pieces, n);
	for (uint32_t i = 0; i < n; i++)
		size += (int64_t)pieces[i].size;
	metrics_add(w->metrics, METRIC_SENT, 0, size);
	return w->ops->gather(w->engine, f->conn, pieces, n);
}

void
front_finish(struct front *f)
{
	if (f->tls)
		front_tls_goodbye(f);
	front_cut(f);
}

void
front_cut(struct front *f)
{
	f->w->ops->finish(f->w->engine, f->conn);
}

void
front_hold(struct front *f, bool held)
{
	if (f->held != held)
		f->w->ops->hold(f->w->engine, f->conn, held);
	f->held = held;
}

void
front_set_timer(struct front *f, int64_t after_ns)
{
	timer_set(&f->w->timers, &f->timer, f->w->now_ns + after_ns);
}

struct text
front_peer(struct front *f)
{
	struct addr a;

	if (!f->peer[0] && f->w->ops->peer(f->w->engine, f->conn, &a) < 0)
		return (struct text){ "unknown", 7 };
	if (!f->peer[0])
		addr_format(&a, f->peer);
	bool six = f->peer[0] == '[';
	const char *end = strchr(f->peer, six ? ']' : ':');
	return (struct text){ f->peer + six, (size_t)(end - f->peer) - six };
}

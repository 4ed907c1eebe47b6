/* SPDX-License-Identifier: MIT */
#include "gate/gate_worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gate/admin/access_log.h"
#include "gate/batch/batch.h"
#include "gate/compress/compressor.h"
#include "gate/compress/making.h"
#include "gate/compress/squeeze.h"
#include "gate/front/client_h2.h"
#include "gate/front/front.h"
#include "gate/front/front_h2.h"
#include "gate/gate_int.h"
#include "gate/level2/l2.h"
#include "gate/level2/l2_link.h"
#include "gate/origin/errand.h"
#include "gate/origin/hedge.h"
#include "gate/origin/probe.h"
#include "gate/origin/upstream.h"
#include "gate/warm/warm.h"

/* After it was told to take no more connections: what had been taken already, or is being taken, comes until then. */
#define DEAF_NS (100 * NS_PER_MS)

/* For so long nobody had to wait for a descriptor: there are enough again. */
#define FED_NS  (1 * NS_PER_S)

/* ---- numbers and graves ---------------------------------------------------------------------- */

uint32_t
gate_worker_take_number(struct gate_worker *w)
{
	return w->n_free ? w->free_conns[--w->n_free] : ENGINE_NONE;
}

void
gate_worker_give_number(struct gate_worker *w, uint32_t conn)
{
	w->conns[conn] = (struct conn){ 0 };
	w->free_conns[w->n_free++] = conn;
}

void
gate_worker_bury(struct gate_worker *w, struct grave *grave)
{
	grave->next = w->graves;
	w->graves = grave;
}

static void
free_graves(struct gate_worker *w)
{
	while (w->graves) {
		struct grave *g = w->graves;
		w->graves = g->next;
		free(g);
	}
}

/* ---- what the engine tells ------------------------------------------------------------------- */

/* The clocks first: what follows is told by them. */
static void
on_sleeps(void *ctx, bool asleep)
{
	struct gate_worker *w = ctx;

	if (asleep) {
		store_sleep(w->store);
		return;
	}
	store_wake(w->store);
	w->now_ns = now_ns();
	w->wall_less_mono_ns = wall_ns() - w->now_ns;
}

/* Once, and that it is over, for all workers. */
static void
on_starved(void *ctx, int code)
{
	struct gate_worker *w = ctx;

	if (atomic_exchange(&w->gate->starved_ns, now_ns()))
		return;
	notice_post(w->gate->notices, "no connection can be accepted: %s; who connects waits%s", strerror(code),
	    code == EMFILE ? "; raise the limit of open files of the gate (LimitNOFILE= of its unit)" : "");
}

static void
tell_no_longer_starved(struct gate_worker *w)
{
	int64_t last_ns = atomic_load(&w->gate->starved_ns);

	if (w->now_ns - last_ns > FED_NS && atomic_compare_exchange_strong(&w->gate->starved_ns, &last_ns, 0))
		notice_post(w->gate->notices, "connections are accepted again");
}

static uint32_t
on_accepted(void *ctx, uint32_t listener)
{
	struct gate_worker *w = ctx;

	if (atomic_load_explicit(&w->gate->starved_ns, memory_order_relaxed))
		tell_no_longer_starved(w);
	return front_accept(w, listener);
}

static void
on_connected(void *ctx, uint32_t conn)
{
	struct gate_worker *w = ctx;
	struct conn *k = &w->conns[conn];

	if (k->l2)
		l2_link_connected(k->l2);
	else if (k->probe)
		probe_connected(k->probe);
	else
		up_connected(k->up);
}

static void
on_received(void *ctx, uint32_t conn, const char *bytes, size_t size, int64_t at_ns, int64_t seen_ns)
{
	struct gate_worker *w = ctx;
	struct conn *k = &w->conns[conn];

	w->now_ns = seen_ns;
	if (k->front)
		front_received(k->front, bytes, size);
	else if (k->up)
		up_received(k->up, bytes, size);
	else if (k->l2)
		l2_link_received(k->l2, bytes, size);
	else if (k->probe)
		probe_received(k->probe, bytes, size);
}

static bool
on_ended(void *ctx, uint32_t conn)
{
	struct gate_worker *w = ctx;
	struct conn *k = &w->conns[conn];

	return k->front ? front_ended(k->front) : k->up && up_ended(k->up);
}

static void
on_sent(void *ctx, uint32_t conn)
{
	struct gate_worker *w = ctx;
	struct conn *k = &w->conns[conn];

	if (k->front)
		front_sent(k->front);
	else if (k->up)
		up_sent(k->up);
}

static void
on_broken(void *ctx, uint32_t conn, int code)
{
	struct gate_worker *w = ctx;
	struct conn *k = &w->conns[conn];

	if (k->front)
		front_broken(k->front);
	else if (k->up)
		up_broken(k->up, code);
	else if (k->l2)
		l2_link_broken(k->l2, code);
	else if (k->probe)
		probe_broken(k->probe, code);
}

static void
stop_listening(struct gate_worker *w)
{
	for (uint32_t i = 0; i < w->config->n_listens; i++)
		w->ops->listen(w->engine, i, -1);
}

/* What the gate does becomes what this worker does. */
static void
on_woken(void *ctx)
{
	struct gate_worker *w = ctx;
	bool leaves = !w->draining && atomic_load(&w->gate->draining);
	bool ends = !w->ending && atomic_load(&w->gate->ending);

	if (leaves) {
		w->draining = true;
		w->deaf_ns = w->now_ns + DEAF_NS;
		stop_listening(w);
		atomic_fetch_sub(&w->gate->n_listening, 1);
	}
	w->ending |= ends;
	probes_heard(w);
	for (uint32_t i = 0; (leaves || ends) && i < w->n_conns; i++)
		if (w->conns[i].front)
			front_drain(w->conns[i].front);
}

/* ---- timers ---------------------------------------------------------------------------------- */

#define OWNER(t, type) ((struct type *)(void *)((char *)(t) - offsetof(struct type, timer)))

static void
on_due(void *ctx, struct timer *t)
{
	if (t->kind == TIMER_FRONT)
		front_due(OWNER(t, front));
	else if (t->kind == TIMER_STREAM)
		h2_stream_due(t);
	else if (t->kind == TIMER_UP)
		up_due(OWNER(t, up));
	else if (t->kind == TIMER_L2)
		l2_link_due(OWNER(t, l2_link));
	else if (t->kind == TIMER_PROBE)
		probe_due(OWNER(t, probe));
	else if (t->kind == TIMER_SERVER)
		server_due(OWNER(t, server));
	else
		errand_due(OWNER(t, errand));
}

/* ---- a worker -------------------------------------------------------------------------------- */

static int
make_numbers(struct gate_worker *w)
{
	w->conns = calloc(w->n_conns, sizeof(*w->conns));
	w->free_conns = calloc(w->n_conns, sizeof(*w->free_conns));
	if (!w->conns || !w->free_conns)
		return -ENOMEM;
	for (uint32_t i = w->n_conns; i > 0; i--)
		w->free_conns[w->n_free++] = i - 1;
	return 0;
}

static uint32_t
count_up_conns(const struct gate *gate)
{
	int64_t n = 0;

	for (size_t i = 0; i < gate->config->n_upstreams; i++) {
		const struct gate_upstream *u = &gate->config->upstreams[i];
		n += (u->pool.max / gate->n_workers + 1) * (int64_t)u->n_servers;
		n += u->health.path ? (int64_t)u->n_servers : 0;
	}
	return n < 60000 ? (uint32_t)n : 60000;
}

int
gate_worker_open(struct gate_worker *w, struct gate *gate, uint32_t index, struct err *e)
{
	struct engine_sink sink = {
		.ctx = w, .connected = on_connected, .received = on_received, .broken = on_broken,
		.accepted = on_accepted, .sent = on_sent, .ended = on_ended, .woken = on_woken,
		.sleeps = on_sleeps, .starved = on_starved, .unstamped = true,
	};

	w->gate = gate;
	w->config = gate->config;
	w->index = index;
	w->now_ns = now_ns();
	w->metrics = metrics_new(gate->config);
	w->shelf = shelf_new();
	w->warm = warm_side_new();
	w->feed = gate->access_log ? access_log_feed(gate->access_log, index) : NULL;
	w->max_fronts = (uint32_t)(gate->config->limits.connections / gate->n_workers) + 1;
	w->n_conns = w->max_fronts + count_up_conns(gate) + l2_count_conns(w);
	timers_start(&w->timers, w->now_ns);
	int code = make_numbers(w);
	if (code == 0)
		code = upstream_open(w);
	if (code == 0)
		code = probes_open(w);
	if (code == 0)
		code = batches_open(w);
	if (code == 0 && !(w->store = store_worker_open(gate->store)))
		code = -ENOMEM;
	w->parked = calloc(FLIGHT_SLOTS, sizeof(struct waiter *));
	w->makings = calloc(MAKING_SLOTS, sizeof(struct making *));
	if (!w->parked || !w->makings || !w->shelf || !w->warm)
		code = -ENOMEM;
	if (code == 0)
		code = engine_choose(gate->config->engine, w->n_conns, &w->ops);
	if (code == 0)
		code = w->ops->open(w->n_conns, &sink, &w->engine);
	if (code < 0)
		return err_set(e, -code, "cannot begin a worker: %s", strerror(-code));
	return l2_open(w, &w->l2, e);
}

void
gate_worker_close(struct gate_worker *w)
{
	for (uint32_t i = 0; w->conns && i < w->n_conns; i++)
		if (w->conns[i].front)
			front_abort(w->conns[i].front);
	for (uint32_t i = 0; w->conns && i < w->n_conns; i++)
		if (w->conns[i].up && w->conns[i].up->x)
			errand_fail(w->conns[i].up->x, 503, "the gate ends");
	l2_close(w->l2);
	probes_close(w);
	batches_close(w);
	upstream_close(w);
	store_worker_close(w->store);
	free(w->parked);
	free(w->makings);
	free_graves(w);
	if (w->engine)
		w->ops->close(w->engine);
	certificates_drop(&w->tls);
	buf_done(&w->packed);
	buf_done(&w->cipher);
	buf_done(&w->fed);
	buf_done(&w->frames);
	http2_pool_done(&w->http2_pool);
	metrics_free(w->metrics);
	shelf_free(w->shelf);
	warm_side_free(w->warm);
	buf_done(&w->head);
	free(w->conns);
	free(w->free_conns);
}

static void
turn(struct gate_worker *w)
{
	int64_t until = w->now_ns + 10 * NS_PER_S, next = timers_next(&w->timers), l2 = l2_next_ns(w->l2);
	int64_t hedge = hedge_next_ns(w);

	if (w->draining && until > w->deaf_ns && w->now_ns < w->deaf_ns)
		until = w->deaf_ns;
	if (w->draining && until > atomic_load(&w->gate->drain_until_ns))
		until = atomic_load(&w->gate->drain_until_ns);
	if (hedge < until)
		until = hedge;
	if (l2 < until)
		until = l2;
	if (w->batches && batches_next_ns(w) < until)
		until = batches_next_ns(w);
	if (flight_is_poked(w))
		until = 0;
	w->ops->wait(w->engine, &(struct engine_wait){
	    .until_ns = next < until ? next : until, .batch = 1 });
	flight_turn(w);
	w->now_ns = now_ns();
	warm_turn(w);
	squeeze_turn(w);
	timers_turn(&w->timers, w->now_ns, on_due, w);
	if (w->batches)
		batches_turn(w);
	upstream_turn(w);
	hedge_turn(w);
	h2_turn(w);
	l2_turn(w->l2);
	free_graves(w);
	store_turn(w->store, w->now_ns);
}

void *
gate_worker_main(void *worker)
{
	struct gate_worker *w = worker;
	struct gate_seat *mine = &w->gate->workers[w->index];

	w->now_ns = now_ns();
	l2_begin(w->l2);
	for (uint32_t i = 0; i < w->config->n_listens; i++)
		w->ops->listen(w->engine, i, mine->listeners[i]);
	while (!w->draining || w->now_ns < w->deaf_ns || ((w->n_fronts || w->n_errands) &&
	    w->now_ns < atomic_load(&w->gate->drain_until_ns)))
		turn(w);   /* others may wait for what an errand without a client brings */
	return NULL;
}

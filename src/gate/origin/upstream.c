/* SPDX-License-Identifier: MIT */
#include "gate/origin/upstream.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gate/gate_int.h"
#include "gate/origin/attempt.h"
#include "gate/origin/errand.h"
#include "gate/origin/hedge.h"
#include "gate/origin/line.h"
#include "gate/origin/room.h"

#define READY_PAUSE_NS     (1 * NS_PER_S)    /* after a connection was lost; doubled after each that failed */
#define READY_PAUSE_MAX_NS (30 * NS_PER_S)

/* ---- the pool -------------------------------------------------------------------------------- */

/* Fewer connections are open than there are to be. */
static void
keep_ready(struct server *s)
{
	if (s->n_open < s->min_open && !s->timer.due_ns && !s->w->draining)
		timer_set(&s->w->timers, &s->timer, s->w->now_ns + s->pause_ns);
}

static struct server *
server_new(struct gate_worker *w, const struct gate_upstream *up, const struct addr *addr)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct server){ .w = w, .upstream = up, .addr = *addr, .timer = { .kind = TIMER_SERVER } };
	s->max_open = up->pool.max / w->gate->n_workers;
	if (s->max_open < 1)
		s->max_open = 1;
	s->min_open = up->pool.min / w->gate->n_workers + (w->index < up->pool.min % w->gate->n_workers);
	if (s->min_open > s->max_open)
		s->min_open = s->max_open;
	keep_ready(s);
	return s;
}

int
upstream_open(struct gate_worker *w)
{
	const struct gate_config *config = w->config;
	size_t n = 0;

	for (size_t i = 0; i < config->n_upstreams; i++)
		n += config->upstreams[i].n_servers;
	w->servers = calloc(n, sizeof(struct server *));
	w->groups = calloc(config->n_upstreams, sizeof(*w->groups));
	if (!w->servers || !w->groups)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < config->n_upstreams; i++) {
		struct group *g = &w->groups[i];
		*g = (struct group){ .servers = w->servers + n,
			.balance = balance_new(&config->upstreams[i], (uint64_t)now_ns() + w->index) };
		retry_budget_init(&g->budget);
		room_open(w, i);
		w->hedges |= config->upstreams[i].hedge.quantile > 0;
		for (size_t k = 0; k < config->upstreams[i].n_servers; k++, n++) {
			w->servers[n] = server_new(w, &config->upstreams[i], &w->gate->server_addrs[n]);
			if (!w->servers[n])
				return -ENOMEM;
			w->servers[n]->index = k;
			w->servers[n]->number = n;
			metrics_set(w->metrics, METRIC_HEALTHY, n, 1);
		}
	}
	return 0;
}

/* Who still waits in nobody's name. */
static void
send_away(struct line *l)
{
	while (l->eldest)
		errand_fail(l->eldest, 503, "the gate ends");
}

void
upstream_close(struct gate_worker *w)
{
	size_t n = 0;

	for (size_t i = 0; w->groups && i < w->config->n_upstreams; i++)
		send_away(&w->groups[i].waiting);
	for (size_t i = 0; w->servers && i < w->config->n_upstreams; i++)
		n += w->config->upstreams[i].n_servers;
	for (size_t i = 0; i < n; i++)
		if (w->servers[i])
			send_away(&w->servers[i]->waiting);
	for (uint32_t i = 0; w->conns && i < w->n_conns; i++)
		if (w->conns[i].up)
			up_drop(w->conns[i].up);
	for (size_t i = 0; i < n; i++) {
		if (w->servers[i])
			timer_remove(&w->timers, &w->servers[i]->timer);
		free(w->servers[i]);
	}
	for (size_t i = 0; w->groups && i < w->config->n_upstreams; i++)
		balance_free(w->groups[i].balance);
	free(w->groups);
	free(w->servers);
}

static void
to_pool(struct up *u)
{
	struct server *s = u->server;

	u->state = UP_IDLE;
	u->next = s->idle;
	u->link = &s->idle;
	if (u->next)
		u->next->link = &u->next;
	s->idle = u;
	timer_set(&s->w->timers, &u->timer, s->w->now_ns + s->upstream->pool.idle_ns);
}

static void
from_pool(struct up *u)
{
	*u->link = u->next;
	if (u->next)
		u->next->link = u->link;
	u->link = NULL;
	u->next = NULL;
}

/* ---- a connection ---------------------------------------------------------------------------- */

static struct up *
up_new(struct server *s, struct errand *x)
{
	struct gate_worker *w = s->w;
	uint32_t conn = gate_worker_take_number(w);
	struct up *u = conn == ENGINE_NONE ? NULL : calloc(1, sizeof(*u));

	if (!u) {
		if (conn != ENGINE_NONE)
			gate_worker_give_number(w, conn);
		return NULL;
	}
	*u = (struct up){ .conn = conn, .server = s, .x = x, .timer = { .kind = TIMER_UP } };
	u->head.cap_bytes = GATE_RESPONSE_HEAD_MAX;
	w->conns[conn].up = u;
	s->n_open++;
	metrics_add(w->metrics, METRIC_CONNECTIONS, s->number, 1);
	return u;
}

static void
bury(struct up *u)
{
	struct gate_worker *w = u->server->w;

	if (u->state == UP_IDLE)
		from_pool(u);
	u->state = UP_GONE;
	u->x = NULL;
	u->server->n_open--;
	metrics_add(w->metrics, METRIC_CONNECTIONS, u->server->number, -1);
	timer_remove(&w->timers, &u->timer);
	buf_done(&u->head);
	gate_worker_give_number(w, u->conn);
	gate_worker_bury(w, &u->grave);
}

static struct errand *
take_waiting(struct server *s)
{
	struct errand *x = s->waiting.eldest;

	if (x)
		line_leave(x);
	return x;
}

/* A new connection; false: none can begin. `x` NULL: it is for the pool. */
static bool
connect_for(struct server *s, struct errand *x)
{
	struct gate_worker *w = s->w;
	struct up *u = up_new(s, x);

	if (!u)
		return false;
	if (x) {
		x->state = ERRAND_ASKING;
		x->up = u;
	}
	if (w->ops->connect(w->engine, u->conn, &s->addr) < 0) {
		if (x)
			x->up = NULL;
		bury(u);
		return false;
	}
	timer_set(&w->timers, &u->timer, w->now_ns + s->upstream->timeouts.connect_ns);
	return true;
}

/* One connection fewer: there is room for one who waits, or one more is to be kept ready. */
static void
let_next_connect(struct server *s)
{
	struct errand *x = s->n_open < s->max_open ? take_waiting(s) : NULL;

	keep_ready(s);
	if (x && !connect_for(s, x))
		errand_no_up(x, 502, "the server cannot be reached");
}

static void
serve(struct up *u, struct errand *x)
{
	u->state = UP_USED;
	u->x = x;
	errand_got_up(x, u);
}

void
up_release(struct up *u)
{
	struct server *s = u->server;
	struct errand *x = take_waiting(s);

	u->reused = true;
	buf_clear(&u->head);
	up_hold(u, false);
	if (x) {
		serve(u, x);
		return;
	}
	to_pool(u);
}

void
up_drop(struct up *u)
{
	struct server *s = u->server;

	if (u->state == UP_GONE)
		return;
	s->w->ops->drop(s->w->engine, u->conn);
	bury(u);
	let_next_connect(s);
}

void
up_break(struct up *u, int code)
{
	u->server->w->ops->drop(u->server->w->engine, u->conn);
	up_broken(u, code);
}

void
up_hold(struct up *u, bool held)
{
	if (u->held != held)
		u->server->w->ops->hold(u->server->w->engine, u->conn, held);
	u->held = held;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void
find_connection(struct errand *x)
{
	struct server *s = x->server;
	struct up *u = s->idle;

	x->state = ERRAND_ASKING;
	if (u && !x->anew) {
		from_pool(u);
		serve(u, x);
	} else if (s->n_open < s->max_open) {
		if (!connect_for(s, x))
			errand_no_up(x, 502, "the server cannot be reached");
	} else if (s->waiting.n < s->upstream->concurrency.queue) {
		line_join(&s->waiting, x);
	} else {
		errand_no_up(x, 503, "too many requests wait for the server");
	}
}

void
upstream_ask(struct errand *x)
{
	if (x->line)
		line_leave(x);
	x->joined_ns = 0;   /* each try may wait anew */
	if (room_take(x) && attempt_begin(x))
		find_connection(x);
}

void
upstream_ask_anew(struct errand *x)
{
	x->anew = true;
	upstream_ask(x);
}

bool
upstream_ask_second(struct errand *x)
{
	struct up *u = x->server->idle;

	if (u) {
		from_pool(u);
		u->state = UP_USED;
		u->x = x;
		x->up = u;
	} else if (!connect_for(x->server, x)) {
		return false;
	}
	x->up->second = true;
	return true;
}

void
upstream_turn(struct gate_worker *w)
{
	struct errand *x;

	for (size_t i = 0; w->n_waiting && i < w->config->n_upstreams; i++)
		while ((x = room_next(w, i)))
			if (attempt_begin(x))
				find_connection(x);
}

/* ---- told by the engine ---------------------------------------------------------------------- */

void
up_connected(struct up *u)
{
	struct server *s = u->server;

	timer_stop(&u->timer);
	metrics_add(s->w->metrics, METRIC_CONNECTIONS_TOTAL, s->number, 1);
	s->pause_ns = READY_PAUSE_NS;
	if (u->x && u->second) {
		u->state = UP_USED;
		hedge_connected(u);
	} else if (u->x)
		serve(u, u->x);
	else   /* it may be lost before it is used, as a used one may */
		up_release(u);
}

/* What comes unasked is of no known request: such a connection cannot be trusted any more. */
void
up_received(struct up *u, const char *bytes, size_t size)
{
	if (u->x && u->state == UP_USED && u->second)
		hedge_received(u, bytes, size);
	else if (u->x && u->state == UP_USED)
		errand_received(u->x, bytes, size);
	else
		up_drop(u);
}

bool
up_ended(struct up *u)
{
	return u->x && u->state == UP_USED && !u->second && errand_up_ended(u->x);
}

void
up_sent(struct up *u)
{
	u->unsent = 0;
	if (u->x)
		errand_up_ready(u->x);
}

/* The errand looks at the connection before it is gone. */
void
up_broken(struct up *u, int code)
{
	struct errand *x = u->x;
	struct server *s = u->server;
	bool connecting = u->state == UP_CONNECTING;

	if (connecting)
		s->pause_ns = s->pause_ns * 2 < READY_PAUSE_MAX_NS ? s->pause_ns * 2 + READY_PAUSE_NS : READY_PAUSE_MAX_NS;
	if (x && u->second)
		hedge_lost(u, code);
	else if (x && connecting)
		x->up = NULL;
	if (x && !u->second)
		errand_up_lost(x, code);
	bury(u);
	let_next_connect(s);
}

void
up_due(struct up *u)
{
	struct server *s = u->server;

	if (u->state == UP_IDLE && s->n_open <= s->min_open)
		timer_set(&s->w->timers, &u->timer, s->w->now_ns + s->upstream->pool.idle_ns);
	else if (u->state == UP_IDLE)
		up_drop(u);
	else
		up_break(u, ETIMEDOUT);
}

void
server_due(struct server *s)
{
	while (s->n_open < s->min_open && !s->w->draining)
		if (!connect_for(s, NULL)) {
			keep_ready(s);
			return;
		}
}

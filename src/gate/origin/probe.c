/* SPDX-License-Identifier: MIT */
#include "gate/origin/probe.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "gate/gate_int.h"

static const struct gate_health *
rules(const struct probe *p)
{
	return &p->server->upstream->health;
}

static uint64_t
draw(struct probe *p)
{
	return random_at(p->seed, p->draws++);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void
begin(struct gate_worker *w, struct server *s)
{
	struct probe *p = &w->probes[w->n_probes++];

	*p = (struct probe){ .timer = { .kind = TIMER_PROBE }, .w = w, .server = s,
		.head = { .cap_bytes = GATE_RESPONSE_HEAD_MAX }, .seed = (uint64_t)w->now_ns + s->number };
	timer_set(&w->timers, &p->timer, w->now_ns + health_first_ns(rules(p), draw(p)));
	metrics_set(w->metrics, METRIC_SERVER_HEALTHY, s->number, 1);
}

int
probes_open(struct gate_worker *w)
{
	const struct gate_config *c = w->config;
	size_t n = 0;

	for (size_t i = 0; i < c->n_upstreams; i++)
		n += c->upstreams[i].n_servers;
	w->probes = calloc(n, sizeof(*w->probes));
	if (!w->probes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (w->servers[i]->upstream->health.path && i % w->gate->n_workers == w->index)
			begin(w, w->servers[i]);
		else if (w->index == 0 && !w->servers[i]->upstream->health.path)
			metrics_set(w->metrics, METRIC_SERVER_HEALTHY, i, 1);
	return 0;
}

/* The engine has no such connection any more. */
static void
let_go(struct probe *p)
{
	p->open = false;
	gate_worker_give_number(p->w, p->conn);
}

static void
hang_up(struct probe *p)
{
	p->w->ops->drop(p->w->engine, p->conn);
	let_go(p);
}

void
probes_close(struct gate_worker *w)
{
	for (size_t i = 0; i < w->n_probes; i++) {
		if (w->probes[i].open)
			hang_up(&w->probes[i]);
		timer_remove(&w->timers, &w->probes[i].timer);
		buf_done(&w->probes[i].head);
	}
	free(w->probes);
}

/* ---- what was found -------------------------------------------------------------------------- */

void
probes_heard(struct gate_worker *w)
{
	const struct gate_config *c = w->config;
	unsigned changes = atomic_load(&w->gate->health_changes);
	size_t n = 0;

	if (changes == w->health_changes)
		return;
	w->health_changes = changes;
	for (size_t i = 0; i < c->n_upstreams; i++)
		for (size_t k = 0; k < c->upstreams[i].n_servers; k++, n++) {
			struct balance *b = w->groups[i].balance;
			balance_health(b, k, !atomic_load(&w->gate->health[n].failing));
			struct balance_view v = balance_look(b, k, w->now_ns);
			metrics_set(w->metrics, METRIC_HEALTHY, n, v.healthy && !v.ejected);
		}
}

static void
tell_all(struct probe *p, int result)
{
	struct gate *g = p->w->gate;
	const struct server *s = p->server;
	const char *address = s->upstream->servers[s->index].address.text;
	char text[HEALTH_TEXT];

	atomic_store(&g->health[s->number].failing, p->health.failing);
	atomic_fetch_add(&g->health_changes, 1);
	for (uint32_t i = 0; i < g->n_workers; i++)
		if (i != p->w->index)
			g->workers[i].w.ops->wake(g->workers[i].w.engine);
	probes_heard(p->w);
	metrics_set(p->w->metrics, METRIC_SERVER_HEALTHY, s->number, !p->health.failing);
	if (p->health.failing)
		notice_post(g->notices, "upstream '%s': server %s fails its checks: %s", s->upstream->name, address,
		    health_text(result, text));
	else
		notice_post(g->notices, "upstream '%s': server %s is well again", s->upstream->name, address);
}

/* A check has ended: with a status, or -errno. */
static void
found(struct probe *p, int result)
{
	struct gate_worker *w = p->w;
	bool good = health_is_good(result);

	buf_clear(&p->head);
	metrics_add(w->metrics, METRIC_HEALTH_CHECKS, p->server->number * 2 + !good, 1);
	atomic_store(&w->gate->health[p->server->number].result, result);
	if (health_note(&p->health, rules(p), good))
		tell_all(p, result);
	timer_set(&w->timers, &p->timer, w->now_ns + health_next_ns(rules(p), draw(p)));
}

/* ---- a check --------------------------------------------------------------------------------- */

/* When no connection can be had for want of numbers that says nothing of the server. */
static void
ask(struct probe *p)
{
	struct gate_worker *w = p->w;

	p->conn = gate_worker_take_number(w);
	if (p->conn == ENGINE_NONE) {
		timer_set(&w->timers, &p->timer, w->now_ns + health_next_ns(rules(p), draw(p)));
		return;
	}
	p->open = true;
	w->conns[p->conn].probe = p;
	timer_set(&w->timers, &p->timer, w->now_ns + rules(p)->timeout_ns);
	int code = w->ops->connect(w->engine, p->conn, &p->server->addr);
	if (code < 0) {
		let_go(p);
		found(p, code);
	}
}

void
probe_connected(struct probe *p)
{
	struct gate_worker *w = p->w;
	struct buf *b = &w->head;

	buf_clear(b);
	buf_printf(b, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: " GATE_NAME "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
	    rules(p)->path, p->server->upstream->servers[p->server->index].address.text);
	struct engine_piece piece = { b->data, b->size, false };
	ssize_t left = w->ops->gather(w->engine, p->conn, &piece, 1);
	if (left < 0) {
		hang_up(p);
		found(p, (int)left);
	}
}

/* Heads from what has come, up to that of the final answer; its body is of no use. */
void
probe_received(struct probe *p, const char *bytes, size_t size)
{
	struct http1_response *r = &p->w->response;
	size_t at = 0, used;

	buf_append(&p->head, bytes, size);
	while (at < p->head.size) {
		enum http1_verdict v = http1_response_parse(r, false, p->head.data + at, p->head.size - at, &used);
		if (v == HTTP1_MORE && !p->head.truncated)
			return;
		if (v != HTTP1_DONE || r->status >= 200) {
			hang_up(p);
			found(p, v == HTTP1_DONE ? r->status : -EPROTO);
			return;
		}
		at += used;
	}
}

void
probe_broken(struct probe *p, int code)
{
	let_go(p);
	found(p, code ? -code : -EPROTO);
}

void
probe_due(struct probe *p)
{
	if (p->open) {
		hang_up(p);
		found(p, -ETIMEDOUT);
	} else if (!p->w->draining) {
		ask(p);
	}
}

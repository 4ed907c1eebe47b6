/* SPDX-License-Identifier: MIT */
#include "gate/origin/attempt.h"

#include <xxhash.h>

#include "gate/front/client.h"
#include "gate/origin/errand.h"
#include "gate/origin/room.h"

static const struct gate_upstream *
upstream_of(const struct errand *x)
{
	return &x->w->config->upstreams[x->route->upstream];
}

/* ---- choosing -------------------------------------------------------------------------------- */

uint64_t
attempt_hash(const struct gate_worker *w, const struct inquiry *q, struct client *c)
{
	const struct gate_upstream *u = &w->config->upstreams[q->route->upstream];
	struct text of = q->key.target;

	if (u->balance != GATE_BALANCE_HASH)
		return 0;
	if (u->hash_by == GATE_HASH_CLIENT) {
		of = c ? client_peer(c) : (struct text){ 0 };
	} else if (u->hash_by == GATE_HASH_HEADER) {
		const struct http_field *f = http_field_next(&q->r->fields, u->hash_header, NULL);
		of = f ? f->value : (struct text){ 0 };
	} else {
		const char *query = memchr(of.at, '?', of.size);
		of.size = query ? (size_t)(query - of.at) : of.size;
	}
	return XXH3_64bits(of.at, of.size);
}

/* Of the server and the upstream as they are now. */
static void
show(const struct errand *x)
{
	struct metrics *m = x->w->metrics;
	const struct group *g = errand_group(x);

	metrics_set(m, METRIC_BREAKER, x->route->upstream, g->breaker.state != BREAKER_CLOSED);
	if (!x->server)
		return;
	struct balance_view v = balance_look(g->balance, x->server->index, x->w->now_ns);
	metrics_set(m, METRIC_HEALTHY, x->server->number, v.healthy && !v.ejected);
	metrics_set(m, METRIC_EJECTIONS, x->server->number, (int64_t)v.ejections);
}

static void
refuse(struct errand *x, int64_t after_ns)
{
	x->state = ERRAND_ASKING;
	x->retry_ns = after_ns;
	if (x->client)
		visit_refuse(x->client, REFUSED_BREAKER);
	errand_fail(x, 503, "the servers fail, and are not asked for a while");
}

bool
attempt_begin(struct errand *x)
{
	const struct gate_upstream *u = upstream_of(x);
	struct group *g = errand_group(x);
	int64_t now = x->w->now_ns, after_ns;

	enum breaker_verdict v = breaker_begin(&g->breaker, &u->breaker, now, &after_ns);
	if (v == BREAKER_REFUSE) {
		refuse(x, after_ns);
		return false;
	}
	if (!x->retries)
		retry_budget_request(&g->budget, &u->retries);
	x->server = g->servers[balance_begin(g->balance, x->hash, &x->tried, now)];
	x->attempt = (struct attempt){ .open = true, .verdict = v, .chosen_ns = now, .latency_ns = -1,
		.outcome = OUTCOME_UNKNOWN };
	show(x);
	return true;
}

bool
attempt_begin_second(struct errand *x, const struct server_set *others)
{
	struct group *g = errand_group(x);
	int64_t now = x->w->now_ns;

	if (g->breaker.state != BREAKER_CLOSED)
		return false;
	size_t i = balance_begin(g->balance, x->hash, others, now);
	struct server *s = g->servers[i];
	if (server_set_has(others, i) || (!s->idle && s->n_open >= s->max_open) || !retry_budget_take(&g->budget)) {
		balance_end(g->balance, i, OUTCOME_UNKNOWN, -1, now);
		return false;
	}
	x->server = s;
	x->attempt = (struct attempt){ .open = true, .verdict = BREAKER_PASS, .chosen_ns = now, .latency_ns = -1,
		.outcome = OUTCOME_UNKNOWN };
	x->placed = concurrency_begin(&g->limit, &x->ticket);
	return true;
}

/* ---- what becomes of it ---------------------------------------------------------------------- */

void
attempt_asked(struct errand *x)
{
	x->attempt.asked = true;
	x->attempt.asked_ns = x->w->now_ns;
	metrics_add(x->w->metrics, METRIC_IN_FLIGHT, x->server->number, 1);
}

static void
judge(struct errand *x)
{
	if (!x->attempt.judged)
		breaker_end(&errand_group(x)->breaker, &upstream_of(x)->breaker, x->attempt.verdict,
		    x->attempt.outcome, x->w->now_ns);
	x->attempt.judged = true;
}

static void
set_hedge(struct group *g, const struct gate_hedge *s)
{
	if (s->quantile <= 0 || g->answers.since)
		return;
	int64_t after_ns = latency_quantile(&g->answers, s->quantile);
	g->hedge_after_ns = after_ns && after_ns < s->min_ns ? s->min_ns : after_ns;
}

void
attempt_answered(struct errand *x, int status)
{
	struct attempt *a = &x->attempt;
	int64_t took_ns = x->w->now_ns - a->asked_ns;

	a->latency_ns = x->w->now_ns - a->chosen_ns;
	a->outcome = status >= 500 ? OUTCOME_BAD : OUTCOME_GOOD;
	judge(x);
	room_give(x, a->outcome == OUTCOME_GOOD, a->latency_ns);
	latency_add(&errand_group(x)->answers, took_ns);
	set_hedge(errand_group(x), &upstream_of(x)->hedge);
	metrics_observe(x->w->metrics, METRIC_UPSTREAM_DURATION, x->route->upstream, took_ns);
	if (x->client) {
		x->client->visit.server = x->server;
		x->client->visit.upstream_ns = took_ns;
	}
}

bool
attempt_again(struct errand *x)
{
	if (x->retries >= upstream_of(x)->retries.attempts || !retry_budget_take(&errand_group(x)->budget))
		return false;
	attempt_end(x, OUTCOME_BAD);
	server_set_add(&x->tried, x->server->index);
	x->retries++;
	metrics_add(x->w->metrics, METRIC_RETRIES, x->route->upstream, 1);
	return true;
}

void
attempt_end(struct errand *x, enum outcome outcome)
{
	struct metrics *m = x->w->metrics;
	struct attempt *a = &x->attempt;

	if (!a->open)
		return;
	a->open = false;
	if (outcome != OUTCOME_UNKNOWN)
		a->outcome = outcome;
	if (a->outcome == OUTCOME_BAD && a->latency_ns < 0)
		a->latency_ns = x->w->now_ns - a->chosen_ns;
	judge(x);
	room_give(x, false, a->outcome == OUTCOME_BAD && a->asked ? a->latency_ns : -1);
	balance_end(errand_group(x)->balance, x->server->index, a->outcome, a->latency_ns, x->w->now_ns);
	show(x);
	if (a->asked)
		metrics_add(m, METRIC_IN_FLIGHT, x->server->number, -1);
	if (a->outcome != OUTCOME_UNKNOWN)
		metrics_add(m, METRIC_UPSTREAM, x->server->number * 2 + (a->outcome == OUTCOME_BAD), 1);
}

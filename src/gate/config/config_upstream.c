/* SPDX-License-Identifier: MIT */
/* gate.yaml: upstreams. */
#include <string.h>

#include "base/clock.h"
#include "gate/config/config_int.h"

#define AT(member) offsetof(struct gate_upstream, member)

static const struct gate_upstream preset = {
	.pool = { .max = 256, .idle_ns = 60 * NS_PER_S },
	.timeouts = { 1 * NS_PER_S, 60 * NS_PER_S, 60 * NS_PER_S },
	.health = { .interval_ns = 5 * NS_PER_S, .timeout_ns = 1 * NS_PER_S, .rise = 2, .fall = 3, .panic = 0.25 },
	.retries = { .attempts = 1, .budget = 0.1 },
	.hedge = { .min_ns = 10 * NS_PER_MS },
	.ejection = { .errors = 5, .time_ns = 30 * NS_PER_S, .share = 0.5 },
	.breaker = { .errors = 20, .ratio = 0.5, .requests = 50, .window_ns = 10 * NS_PER_S,
		.open_ns = 5 * NS_PER_S, .trials = 3 },
	.concurrency = { .min = 8, .max = 4096, .queue = 4096,
		.queue_target_ns = 20 * NS_PER_MS, .queue_timeout_ns = 10 * NS_PER_S },
};

/* ---- servers ---- */

static int
take_server(struct loading *l, const struct node *n, struct gate_server *ret)
{
	static const struct key keys[] = {
		{ "address", take_address, offsetof(struct gate_server, address) },
		{ "weight", take_above_zero, offsetof(struct gate_server, weight) },
		{ NULL, NULL, 0 },
	};

	ret->weight = 1;
	if (n->kind == NODE_TEXT)
		return take_address(l, "servers", n, &ret->address);
	int code = take_keys(l, "a server", n, keys, ret);
	if (code == 0 && !ret->address.text) {
		code = node_refuse(&l->file, n->place, "a server without an address");
		err_hint(l->file.e, "write { address: 127.0.0.1:8080, weight: 2 }");
	}
	return code;
}

static int
refuse_twice(struct loading *l, const struct gate_upstream *u, const struct gate_server *server)
{
	for (const struct gate_server *s = u->servers; s < server; s++)
		if (strcmp(s->address.text, server->address.text) == 0) {
			int code = node_refuse(&l->file, server->address.place, "'%s' is there twice",
			    server->address.text);
			err_hint(l->file.e, "give it a weight instead: { address: %s, weight: 2 }",
			    server->address.text);
			return code;
		}
	return 0;
}

static int
take_servers(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_upstream *u = to;
	int code = 0;

	if (n->kind != NODE_LIST || !n->n_items || n->n_items > GATE_SERVERS_MAX) {
		code = node_refuse(&l->file, n->place, "%s: a list of 1 to %d is expected", key,
		    GATE_SERVERS_MAX);
		err_hint(l->file.e, "write %s: [\"127.0.0.1:8080\"]", key);
		return code;
	}
	for (size_t i = 0; i < n->n_items && code == 0; i++) {
		struct gate_server *server = ARENA_PUSH(l->a, u->servers, u->n_servers);
		code = take_server(l, n->items[i], server);
		if (code == 0)
			code = refuse_twice(l, u, server);
	}
	return code;
}

/* ---- who is asked ---- */

static int
take_balance(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const char *const words[] = { "p2c", "least-connections", "hash", "round-robin", NULL };
	int which;

	int code = take_choice(l, key, n, words, &which);
	if (code == 0)
		*(enum gate_balance *)to = (enum gate_balance)which;
	return code;
}

static int
take_hash(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_upstream *u = to;
	const char *text;

	int code = take_word(l, key, n, &text);
	if (code < 0)
		return code;
	u->hash_by = GATE_HASH_HEADER;
	if (strcmp(text, "path") == 0)
		u->hash_by = GATE_HASH_PATH;
	else if (strcmp(text, "client") == 0)
		u->hash_by = GATE_HASH_CLIENT;
	else if (strncmp(text, "header:", 7) == 0 && text[7])
		u->hash_header = text + 7;
	else {
		code = node_refuse(&l->file, n->place, "%s: unknown '%s'", key, text);
		err_hint(l->file.e, "there are: path, client, header:NAME");
	}
	return code;
}

/* ---- mappings ---- */

static int
take_pool(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "min", take_number, offsetof(struct gate_pool, min) },
		{ "max", take_count_above_zero, offsetof(struct gate_pool, max) },
		{ "idle", take_time, offsetof(struct gate_pool, idle_ns) },
		{ NULL, NULL, 0 },
	};
	const struct gate_pool *pool = to;

	int code = take_keys(l, key, n, keys, to);
	if (code == 0 && pool->min > pool->max)
		return node_refuse(&l->file, n->place, "%s: min is above max (%lld)", key,
		    (long long)pool->max);
	return code;
}

static int
take_upstream_timeouts(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "connect", take_time, offsetof(struct gate_upstream_timeouts, connect_ns) },
		{ "response", take_time, offsetof(struct gate_upstream_timeouts, response_ns) },
		{ "body", take_time, offsetof(struct gate_upstream_timeouts, body_ns) },
		{ NULL, NULL, 0 },
	};
	return take_keys(l, key, n, keys, to);
}

static int
take_path(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;

	int code = take_word(l, key, n, &text);
	if (code < 0)
		return code;
	if (text[0] != '/' || strpbrk(text, " \t\r\n#")) {
		code = node_refuse(&l->file, n->place, "%s: '%s' is not a path", key, text);
		err_hint(l->file.e, "write it as in %s: /health", key);
		return code;
	}
	*(const char **)to = text;
	return 0;
}

static int
take_health(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "path", take_path, offsetof(struct gate_health, path) },
		{ "interval", take_time, offsetof(struct gate_health, interval_ns) },
		{ "timeout", take_time, offsetof(struct gate_health, timeout_ns) },
		{ "rise", take_count_above_zero, offsetof(struct gate_health, rise) },
		{ "fall", take_count_above_zero, offsetof(struct gate_health, fall) },
		{ "panic", take_share, offsetof(struct gate_health, panic) },
		{ NULL, NULL, 0 },
	};
	const struct gate_health *health = to;

	int code = take_keys(l, key, n, keys, to);
	if (code == 0 && !health->path) {
		code = node_refuse(&l->file, n->place, "%s: which path is asked for?", key);
		err_hint(l->file.e, "write %s: { path: /health }", key);
	}
	return code;
}

static int
take_retries(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "attempts", take_number, offsetof(struct gate_retries, attempts) },
		{ "budget", take_share, offsetof(struct gate_retries, budget) },
		{ NULL, NULL, 0 },
	};
	return take_keys(l, key, n, keys, to);
}

static int
take_hedge(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "quantile", take_share, offsetof(struct gate_hedge, quantile) },
		{ "min", take_time, offsetof(struct gate_hedge, min_ns) },
		{ NULL, NULL, 0 },
	};
	struct gate_hedge *hedge = to;

	hedge->quantile = 0.95;
	int code = take_keys(l, key, n, keys, to);
	if (code == 0 && !(hedge->quantile >= 0.5 && hedge->quantile <= 0.99)) {
		code = node_refuse(&l->file, n->place, "%s: a quantile from 50%% to 99%% is expected", key);
		err_hint(l->file.e, "write %s: { quantile: 95%% }", key);
	}
	return code;
}

static int
take_ejection(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "errors", take_number, offsetof(struct gate_ejection, errors) },
		{ "time", take_time, offsetof(struct gate_ejection, time_ns) },
		{ "share", take_share, offsetof(struct gate_ejection, share) },
		{ NULL, NULL, 0 },
	};
	return take_keys(l, key, n, keys, to);
}

static int
take_breaker(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "errors", take_number, offsetof(struct gate_breaker, errors) },
		{ "ratio", take_share, offsetof(struct gate_breaker, ratio) },
		{ "requests", take_count_above_zero, offsetof(struct gate_breaker, requests) },
		{ "window", take_time, offsetof(struct gate_breaker, window_ns) },
		{ "open", take_time, offsetof(struct gate_breaker, open_ns) },
		{ "trials", take_count_above_zero, offsetof(struct gate_breaker, trials) },
		{ NULL, NULL, 0 },
	};
	return take_keys(l, key, n, keys, to);
}

static int
take_concurrency(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "adaptive", take_flag, offsetof(struct gate_concurrency, adaptive) },
		{ "min", take_count_above_zero, offsetof(struct gate_concurrency, min) },
		{ "max", take_count_above_zero, offsetof(struct gate_concurrency, max) },
		{ "queue", take_number, offsetof(struct gate_concurrency, queue) },
		{ "queue_target", take_time, offsetof(struct gate_concurrency, queue_target_ns) },
		{ "queue_timeout", take_time, offsetof(struct gate_concurrency, queue_timeout_ns) },
		{ NULL, NULL, 0 },
	};
	struct gate_concurrency *c = to;

	int code = take_keys(l, key, n, keys, to);
	if (code < 0 || c->min <= c->max)
		return code;
	if (node_get(n, "min"))
		return node_refuse(&l->file, n->place, "%s: min is above max (%lld)", key,
		    (long long)c->max);
	c->min = c->max;
	return 0;
}

/* ---- upstreams ---- */

static const struct key upstream_keys[] = {
	{ "servers", take_servers, 0 },
	{ "balance", take_balance, AT(balance) },
	{ "hash", take_hash, 0 },
	{ "pool", take_pool, AT(pool) },
	{ "timeouts", take_upstream_timeouts, AT(timeouts) },
	{ "health", take_health, AT(health) },
	{ "retries", take_retries, AT(retries) },
	{ "hedge", take_hedge, AT(hedge) },
	{ "ejection", take_ejection, AT(ejection) },
	{ "breaker", take_breaker, AT(breaker) },
	{ "concurrency", take_concurrency, AT(concurrency) },
	{ NULL, NULL, 0 },
};

static int
check_upstream(struct loading *l, const struct node *n, const struct gate_upstream *u)
{
	const struct node *hash = node_get(n, "hash");
	int code = 0;

	if (!u->n_servers) {
		code = node_refuse(&l->file, u->place, "upstream '%s' has no servers", u->name);
		err_hint(l->file.e, "write %s: { servers: [\"127.0.0.1:8080\"] }", u->name);
	} else if (hash && u->balance != GATE_BALANCE_HASH) {
		code = node_refuse(&l->file, hash->place, "hash: means nothing without balance: hash");
		err_hint(l->file.e, "write balance: hash beside it, or leave it out");
	}
	return code;
}

int
take_upstreams(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_config *c = to;

	int code = require_keys(l, key, n);
	if (code == 0 && n->n_keys > GATE_UPSTREAMS_MAX)
		return node_refuse(&l->file, n->place, "%s: more than %d", key, GATE_UPSTREAMS_MAX);
	for (size_t i = 0; i < n->n_keys && code == 0; i++) {
		struct gate_upstream *u = ARENA_PUSH(l->a, c->upstreams, c->n_upstreams);
		*u = preset;
		u->name = n->keys[i]->text;
		u->place = n->keys[i]->place;
		code = take_keys(l, u->name, n->items[i], upstream_keys, u);
		if (code == 0)
			code = check_upstream(l, n->items[i], u);
	}
	return code;
}

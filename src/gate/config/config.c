/* SPDX-License-Identifier: MIT */
/* gate.yaml: its top-level keys and what needs the whole. */
#include "gate/config/config.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "gate/config/config_int.h"

#define AT(member)  offsetof(struct gate_config, member)
#define WORKERS_MAX 256
#define L1_TTL_NS   (300 * NS_PER_S)   /* in memory, where a second level stands behind it */

static const struct gate_config preset = {
	.limits = { .head_bytes = 32 << 10, .body_bytes = INT64_C(64) << 20, .connections = 20000 },
	.timeouts = { .idle_ns = 75 * NS_PER_S, .head_ns = 15 * NS_PER_S, .body_ns = 30 * NS_PER_S,
		.send_ns = 30 * NS_PER_S },
	.warming = { .rate_per_s = 100, .concurrency = 8, .beta = 1, .popular = 1000 },
	.cache = { .memory_bytes = INT64_C(256) << 20, .object_bytes = INT64_C(32) << 20 },
};

static int
take_workers(struct loading *l, const char *key, const struct node *n, void *to)
{
	return take_whole(l, key, n, 1, WORKERS_MAX, to);
}

static int
take_engine(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const char *const words[] = { "io_uring", "epoll", NULL };
	int which;

	int code = take_choice(l, key, n, words, &which);
	if (code == 0)
		*(const char **)to = words[which];
	return code;
}

/* ---- mappings ---- */

static int
take_log_format(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const char *const words[] = { "combined", "json", NULL };
	int which;

	int code = take_choice(l, key, n, words, &which);
	if (code == 0)
		*(enum gate_log_format *)to = (enum gate_log_format)which;
	return code;
}

static int
take_access_log(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "path", take_word, offsetof(struct gate_access_log, path) },
		{ "format", take_log_format, offsetof(struct gate_access_log, format) },
		{ NULL, NULL, 0 },
	};
	const struct gate_access_log *log = to;

	if (n->kind == NODE_TEXT)
		return take_word(l, key, n, &((struct gate_access_log *)to)->path);
	int code = take_keys(l, key, n, keys, to);
	if (code == 0 && !log->path) {
		code = node_refuse(&l->file, n->place, "%s: to which file?", key);
		err_hint(l->file.e, "write %s: { path: access.log, format: json }, or path: '-' for standard "
		    "output", key);
	}
	return code;
}

static int
take_limits(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "head", take_bytes, offsetof(struct gate_limits, head_bytes) },
		{ "body", take_bytes, offsetof(struct gate_limits, body_bytes) },
		{ "connections", take_count_above_zero, offsetof(struct gate_limits, connections) },
		{ NULL, NULL, 0 },
	};
	return take_keys(l, key, n, keys, to);
}

static int
take_timeouts(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "idle", take_time, offsetof(struct gate_timeouts, idle_ns) },
		{ "head", take_time, offsetof(struct gate_timeouts, head_ns) },
		{ "body", take_time, offsetof(struct gate_timeouts, body_ns) },
		{ "send", take_time, offsetof(struct gate_timeouts, send_ns) },
		{ NULL, NULL, 0 },
	};
	return take_keys(l, key, n, keys, to);
}

static int
take_cache_levels(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "memory", take_bytes, AT(cache.memory_bytes) },
		{ "max_object", take_bytes, AT(cache.object_bytes) },
		{ "ttl", take_time, AT(cache.ttl_ns) },
		{ "l2", take_l2, AT(cache.l2) },
		{ NULL, NULL, 0 },
	};
	struct gate_config *c = to;

	int code = take_keys(l, key, n, keys, to);
	if (code == 0 && c->cache.l2.n_servers && !c->cache.ttl_ns)
		c->cache.ttl_ns = L1_TTL_NS;
	if (code < 0 || c->cache.object_bytes <= c->cache.memory_bytes)
		return code;
	if (node_get(n, "max_object"))
		return node_refuse(&l->file, n->place, "%s: max_object is above memory", key);
	c->cache.object_bytes = c->cache.memory_bytes;
	return 0;
}

/* ---- the file ---- */

static const struct key config_keys[] = {
	{ "listen", take_listen, 0 },
	{ "workers", take_workers, AT(workers) },
	{ "engine", take_engine, AT(engine) },
	{ "admin", take_word, AT(admin) },
	{ "purge_log", take_word, AT(purge_log) },
	{ "metrics", take_listen_address, AT(metrics) },
	{ "access_log", take_access_log, AT(access_log) },
	{ "limits", take_limits, AT(limits) },
	{ "timeouts", take_timeouts, AT(timeouts) },
	{ "cache", take_cache_levels, 0 },
	{ "upstreams", take_upstreams, 0 },
	{ "routes", take_routes, 0 },
	{ "cdn", take_cdns, 0 },
	{ "cache_warming", take_warming, AT(warming) },
	{ NULL, NULL, 0 },
};

static int
check_whole(struct loading *l, struct gate_config *c)
{
	static const struct node_place nowhere;
	int code = 0;

	if (!c->n_listens) {
		code = node_refuse(&l->file, nowhere, "no address to listen on");
		err_hint(l->file.e, "write listen: 127.0.0.1:8081");
	} else if (!c->n_upstreams) {
		code = node_refuse(&l->file, nowhere, "no upstreams");
		err_hint(l->file.e, "write upstreams: { origin: { servers: [\"127.0.0.1:8080\"] } }");
	} else if (!c->n_routes) {
		code = node_refuse(&l->file, nowhere, "no routes");
		err_hint(l->file.e, "write routes: [ { match: /, upstream: %s } ]", c->upstreams[0].name);
	}
	if (code == 0)
		code = config_check_routes(l, c);
	return code < 0 ? code : config_check_warming(l, c);
}

static int
load(struct loading *l, struct gate_config *c)
{
	struct node *root;

	int code = node_parse(&l->file, l->a, &root);
	if (code == 0)
		code = take_keys(l, "the gate", root, config_keys, c);
	if (code == 0)
		code = check_whole(l, c);
	return code;
}

int
gate_config_parse(const char *text, size_t size, const char *name, struct arena *a,
    struct gate_config **ret, struct err *e)
{
	CLEANUP(buf_done) struct buf copy = { .cap_bytes = NODE_FILE_MAX + 1 };
	struct gate_config *c = arena_alloc(a, sizeof(*c));

	*c = preset;
	c->file = arena_strdup(a, name);
	buf_append(&copy, text, size);
	if (copy.truncated)
		return err_usage(e, "%s: larger than %zu MiB", name, NODE_FILE_MAX >> 20);
	struct loading l = { { c->file, buf_text(&copy), copy.size, e }, a, { 0 } };
	int code = load(&l, c);
	map_done(&l.places);
	if (code == 0)
		*ret = c;
	return code;
}

int
gate_config_read(const char *path, struct arena *a, struct gate_config **ret, struct err *e)
{
	CLEANUP(buf_done) struct buf text = { .cap_bytes = NODE_FILE_MAX };

	int code = file_read(path, NODE_FILE_MAX, &text, e);
	if (code < 0) {
		e->status = STATUS_USAGE;
		return code;
	}
	return gate_config_parse(buf_text(&text), text.size, path, a, ret, e);
}

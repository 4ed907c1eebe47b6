/* SPDX-License-Identifier: MIT */
#include "gate/admin/admin_int.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/secret_name.h"
#include "gate/purge/cdn.h"

#define PURGES_MAX 1000   /* told at once */
#define MASK       "***"

static void
write_json(json_t *j, struct buf *out)
{
	CLEANUP(free_p) char *text = json_dumps(j, JSON_INDENT(2));

	buf_printf(out, "%s\n", text ? text : "{}");
	json_decref(j);
}

static json_t *
json_of_wall(int64_t wall)
{
	char text[21];

	wall_format(wall, text);
	return json_string(text);
}

/* ---- status ---------------------------------------------------------------------------------- */

static json_int_t
sum_of(const struct gate *g, enum metric metric, size_t series)
{
	return (json_int_t)metrics_sum(g->all_metrics, g->n_workers + 1, metric, series);
}

/* What its checks say: "none" where there are none. */
static json_t *
json_of_health(const struct gate_upstream *u, const struct health_seen *h)
{
	int result = atomic_load(&h->result);
	char text[HEALTH_TEXT];

	return json_pack("{s:s, s:s}", "state", !u->health.path ? "none" : !result ? "unknown"
	    : atomic_load(&h->failing) ? "failing" : "passing", "last", u->health.path ? health_text(result, text) : "");
}

static json_t *
json_of_server(const struct gate *g, size_t upstream, size_t server)
{
	size_t at = series_server(g->metrics, upstream, server);
	json_int_t usable = sum_of(g, METRIC_HEALTHY, at);

	return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:I}", "address",
	    g->config->upstreams[upstream].servers[server].address.text, "state",
	    usable == g->n_workers ? "usable" : usable > 0 ? "partly left out" : "left out",
	    "health", json_of_health(&g->config->upstreams[upstream], &g->health[at]),
	    "connections", sum_of(g, METRIC_CONNECTIONS, at), "in_flight", sum_of(g, METRIC_IN_FLIGHT, at),
	    "answered", sum_of(g, METRIC_UPSTREAM, at * 2), "failed", sum_of(g, METRIC_UPSTREAM, at * 2 + 1));
}

static json_t *
json_of_upstreams(const struct gate *g)
{
	json_t *list = json_array();

	for (size_t i = 0; i < g->config->n_upstreams; i++) {
		const struct gate_upstream *u = &g->config->upstreams[i];
		json_t *servers = json_array();
		for (size_t k = 0; k < u->n_servers; k++)
			json_array_append_new(servers, json_of_server(g, i, k));
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "name", u->name, "breaker",
		    sum_of(g, METRIC_BREAKER, i) ? "open" : "closed", "waiting",
		    sum_of(g, METRIC_QUEUE, i), "limit", sum_of(g, METRIC_LIMIT, i), "shed",
		    sum_of(g, METRIC_SHED, i), "servers", servers));
	}
	return list;
}

static json_t *
json_of_store(struct store *s)
{
	struct store_counts n;

	store_count(s, &n);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "objects", (json_int_t)n.objects,
	    "used_bytes", (json_int_t)n.used_bytes, "limit_bytes", (json_int_t)n.limit_bytes, "hits",
	    (json_int_t)n.hits, "misses", (json_int_t)n.misses, "evicted", (json_int_t)n.evicted, "expired",
	    (json_int_t)n.expired, "purged", (json_int_t)n.purged);
}

static json_t *
json_of_listens(const struct gate *g)
{
	json_t *list = json_array();
	char text[ADDR_TEXT_MAX];
	struct addr a;

	for (size_t i = 0; i < g->config->n_listens; i++)
		if (addr_of_socket(g->workers[0].listeners[i], &a) == 0)
			json_array_append_new(list, json_string(addr_format(&a, text)));
	return list;
}

void
admin_write_status(struct house *h, struct buf *out)
{
	const struct gate *g = h->gate;
	json_t *config = json_pack("{s:s, s:s, s:o, s:I}", "file", h->first->file, "hash", h->config_hash,
	    "loaded", json_of_wall(h->loaded_wall_ns), "reloads", (json_int_t)h->n_reloads);

	write_json(json_pack("{s:s, s:i, s:o, s:f, s:o, s:o, s:i, s:s, s:I, s:i, s:o, s:o, s:I, s:o}",
	    "version", PRONY_VERSION, "pid", (int)getpid(), "started", json_of_wall(h->begun_wall_ns),
	    "uptime_s", ns_to_s(now_ns() - h->begun_ns), "config", config, "listen", json_of_listens(g),
	    "workers", (int)g->n_workers, "engine", g->workers[0].w.ops->name, "connections",
	    sum_of(g, METRIC_CLIENTS, 0), "leaving", (int)h->n_leaving, "cache", json_of_store(h->store),
	    "upstreams", json_of_upstreams(g), "last_purge",
	    (json_int_t)purge_log_latest(purge_desk_log(h->purges)), "cdn", cdns_json(h->cdns)), out);
}

/* ---- the configuration ----------------------------------------------------------------------- */

static json_t *json_of(const struct node *n, bool secret);

/* A password in a URL is a secret whatever the key is called. */
static json_t *
json_of_text(const char *text, bool secret)
{
	const char *authority = strstr(text, "://");
	const char *at = authority ? strchr(authority, '@') : NULL;
	CLEANUP(buf_done) struct buf b = { 0 };

	if (secret)
		return json_string(MASK);
	if (!at)
		return json_string(text);
	buf_append(&b, text, (size_t)(authority + 3 - text));
	buf_printf(&b, "%s%s", MASK, at);
	return json_string(buf_text(&b));
}

/* What hides behind a name like a secret's does so at any depth; fields of requests may all be. */
static json_t *
json_of_keys(const struct node *n, bool secret)
{
	json_t *j = json_object();

	for (size_t i = 0; i < n->n_keys; i++) {
		const char *key = n->keys[i]->text;
		bool hidden = secret || secret_name(key, strlen(key)) || strcmp(key, "headers") == 0;
		json_object_set_new(j, key, json_of(n->items[i], hidden));
	}
	return j;
}

static json_t *
json_of(const struct node *n, bool secret)
{
	if (n->kind == NODE_TEXT)
		return json_of_text(n->text, secret);
	if (n->kind == NODE_KEYS)
		return json_of_keys(n, secret);
	json_t *j = json_array();
	for (size_t i = 0; i < n->n_items; i++)
		json_array_append_new(j, json_of(n->items[i], secret));
	return j;
}

void
admin_write_config(struct house *h, struct buf *out)
{
	CLEANUP(arena_free_p) struct arena *a = arena_new();
	struct err e = { 0 };
	struct node_file f = { h->first->file, buf_text(&h->config_text), h->config_text.size, &e };
	struct node *root;

	json_t *j = node_parse(&f, a, &root) == 0 ? json_of(root, false) : json_null();
	write_json(json_pack("{s:s, s:s, s:o}", "file", f.name, "hash", h->config_hash, "config", j), out);
}

/* ---- purges ---------------------------------------------------------------------------------- */

static json_t *
json_of_purge(const struct purge_entry *e)
{
	const struct purge *p = &e->purge;
	json_t *j = json_pack("{s:I, s:o, s:s, s:b, s:b}", "number", (json_int_t)e->number, "time",
	    json_of_wall(e->wall_ns), "what", purge_what_name(p->what), "soft", p->soft, "from_fleet",
	    p->from_fleet);

	if (p->text.size)
		json_object_set_new(j, purge_what_name(p->what), json_stringn(p->text.at, p->text.size));
	return j;
}

void
admin_write_purges(struct purge_log *log, uint64_t after, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	json_t *list = json_array();
	struct purge_entry e;
	bool lost = false;

	for (size_t n = 0; n < PURGES_MAX; n++) {
		int code = purge_log_next(log, after, &e, &text);
		if (code == 0)
			break;
		lost |= code == -ESTALE;
		after = code == -ESTALE ? purge_log_eldest(log) - 1 : e.number;
		if (code > 0)
			json_array_append_new(list, json_of_purge(&e));
	}
	write_json(json_pack("{s:I, s:b, s:o}", "latest", (json_int_t)purge_log_latest(log), "lost", lost,
	    "purges", list), out);
}

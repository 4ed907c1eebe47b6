/* SPDX-License-Identifier: MIT */
/* gate.yaml: routes, and which of them takes a request. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/nearest.h"
#include "gate/config/config_int.h"

#define AT(member) offsetof(struct gate_route, member)

/* What text formats compress well; images, audio, video and archives are compressed already. */
static const char *compress_types[] = {
	"text/*", "application/json", "application/javascript", "application/xml", "application/wasm",
	"application/manifest+json", "application/ld+json", "application/problem+json",
	"application/rss+xml", "application/atom+xml", "application/xhtml+xml",
	"application/x-ndjson", "image/svg+xml", "font/ttf", "font/otf",
};

static const struct gate_route preset = {
	.compress = { .min_bytes = 1024, .types = compress_types,
		.n_types = sizeof(compress_types) / sizeof(compress_types[0]), .recompress = true },
	.rate_limit = { .burst = 1 },
};

/* ---- what a route matches ---- */

static int
take_match(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;

	int code = take_word(l, key, n, &text);
	if (code < 0)
		return code;
	if (text[0] != '/' || strpbrk(text, " \t\r\n?#*")) {
		code = node_refuse(&l->file, n->place, "%s: '%s' is not the beginning of a path", key, text);
		err_hint(l->file.e, "write %s: /api for /api and all below it, without '*' and '?'", key);
		return code;
	}
	*(const char **)to = text;
	return 0;
}

static int
take_host(struct loading *l, const char *key, const struct node *n, void *to)
{
	const char *text;

	int code = take_word(l, key, n, &text);
	if (code < 0)
		return code;
	const char *name = strncmp(text, "*.", 2) == 0 ? text + 2 : text;
	if (!*name || strlen(name) > 253 || strpbrk(name, "/*:@ \t\r\n")) {
		code = node_refuse(&l->file, n->place, "%s: '%s' is not a host name", key, text);
		err_hint(l->file.e, "write www.example.org, or *.example.org for all below it; without a port");
		return code;
	}
	char *lower = arena_strdup(l->a, text);
	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	*(const char **)to = lower;
	return 0;
}

/* Does `a` take all paths and hosts that `b` takes? */
static bool
path_covers(const char *a, const char *b)
{
	size_t n = strlen(a);

	return strncmp(a, b, n) == 0 && (a[n - 1] == '/' || b[n] == '\0' || b[n] == '/');
}

static bool
host_covers(const char *a, const char *b)
{
	if (!a || !b)
		return !a;
	if (strcmp(a, b) == 0)
		return true;
	size_t n = strlen(a + 1), n_b = strlen(b);
	return a[0] == '*' && n_b > n && strcmp(b + n_b - n, a + 1) == 0;
}

static bool
host_fits(const char *pattern, struct text host)
{
	size_t n = pattern ? strlen(pattern) : 0;

	if (!pattern)
		return true;
	if (pattern[0] != '*')
		return host.size == n && strncasecmp(pattern, host.at, n) == 0;
	return host.size >= n && strncasecmp(pattern + 1, host.at + host.size - (n - 1), n - 1) == 0;
}

static bool
path_fits(const char *prefix, struct text path)
{
	size_t n = strlen(prefix);

	return path.size >= n && memcmp(prefix, path.at, n) == 0 &&
	    (prefix[n - 1] == '/' || path.size == n || path.at[n] == '/');
}

const struct gate_route *
gate_route_find(const struct gate_config *c, struct text host, struct text path)
{
	for (size_t i = 0; i < c->n_routes; i++)
		if (path_fits(c->routes[i].match, path) && host_fits(c->routes[i].host, host))
			return &c->routes[i];
	return NULL;
}

/* ---- what is done there ---- */

static int
take_names(struct loading *l, const char *key, const struct node *n, const char ***ret,
    size_t *ret_n)
{
	int code = take_texts(l, key, n, ret, ret_n);

	for (size_t i = 0; i < *ret_n && code == 0; i++) {
		size_t size = strlen((*ret)[i]);
		if (size && strcspn((*ret)[i], "*, ;=&?\t\r\n") + ((*ret)[i][size - 1] == '*') >= size)
			continue;
		code = node_refuse(&l->file, take_place(l, (*ret)[i], n->place), "%s: '%s' is not a name",
		    key, (*ret)[i]);
		err_hint(l->file.e, "write %s: [one, two]", key);
	}
	return code;
}

static int
take_vary(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_route_cache *cache = to;
	int code = take_names(l, key, n, &cache->vary, &cache->n_vary);

	for (size_t i = 0; i < cache->n_vary && code == 0; i++)
		if (strchr(cache->vary[i], '*'))
			code = node_refuse(&l->file, take_place(l, cache->vary[i], n->place),
			    "%s: '%s' is not the name of a field", key, cache->vary[i]);
	for (size_t i = 0; i < cache->n_vary && code == 0; i++)
		cache->vary_text = arena_printf(l->a, "%s%s%s", i ? cache->vary_text : "", i ? ", " : "", cache->vary[i]);
	return code;
}

static int
take_ignore_query(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_route_cache *cache = to;
	return take_names(l, key, n, &cache->ignore_query, &cache->n_ignore_query);
}

static int
take_set_cookie(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const char *const words[] = { "refuse", "keep", NULL };
	int which;

	int code = take_choice(l, key, n, words, &which);
	if (code == 0)
		*(enum cache_cookies *)to = which ? CACHE_COOKIES_KEEP : CACHE_COOKIES_REFUSE;
	return code;
}

static int
take_cache(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "enabled", take_flag, offsetof(struct gate_route_cache, enabled) },
		{ "ttl", take_duration, offsetof(struct gate_route_cache, ttl_ns) },
		{ "stale_while_revalidate", take_duration, offsetof(struct gate_route_cache, swr_ns) },
		{ "stale_if_error", take_duration, offsetof(struct gate_route_cache, sie_ns) },
		{ "vary", take_vary, 0 },
		{ "ignore_query", take_ignore_query, 0 },
		{ "set_cookie", take_set_cookie, offsetof(struct gate_route_cache, set_cookie) },
		{ NULL, NULL, 0 },
	};
	return take_keys(l, key, n, keys, to);
}

static int
take_types(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_route_compress *compress = to;

	compress->types = NULL;
	compress->n_types = 0;
	int code = take_texts(l, key, n, &compress->types, &compress->n_types);
	for (size_t i = 0; i < compress->n_types && code == 0; i++) {
		const char *type = compress->types[i], *slash = strchr(type, '/');
		char *lower = arena_strdup(l->a, type);
		for (char *p = lower; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		compress->types[i] = lower;
		if (slash && slash != type && slash[1] && !strpbrk(type, "; \t\r\n,"))
			continue;
		code = node_refuse(&l->file, take_place(l, type, n->place), "%s: '%s' is not a media type",
		    key, type);
		err_hint(l->file.e, "write %s: [text/*, application/json]", key);
	}
	return code;
}

static int
take_compress(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "enabled", take_flag, offsetof(struct gate_route_compress, enabled) },
		{ "min_size", take_size, offsetof(struct gate_route_compress, min_bytes) },
		{ "types", take_types, 0 },
		{ "recompress", take_flag, offsetof(struct gate_route_compress, recompress) },
		{ NULL, NULL, 0 },
	};
	return take_keys(l, key, n, keys, to);
}

static int
take_rate_by(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const char *const words[] = { "client", "route", NULL };
	int which;

	int code = take_choice(l, key, n, words, &which);
	if (code == 0)
		*(enum gate_rate_by *)to = (enum gate_rate_by)which;
	return code;
}

static int
take_rate_limit(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "rate", take_rate, offsetof(struct gate_rate_limit, per_s) },
		{ "burst", take_above_zero, offsetof(struct gate_rate_limit, burst) },
		{ "by", take_rate_by, offsetof(struct gate_rate_limit, by) },
		{ NULL, NULL, 0 },
	};
	struct gate_rate_limit *limit = to;

	int code = take_keys(l, key, n, keys, to);
	if (code == 0 && !(limit->per_s > 0)) {
		code = node_refuse(&l->file, n->place, "%s: no rate", key);
		err_hint(l->file.e, "write %s: { rate: 100/s, burst: 200 }", key);
	}
	if (limit->burst < 1)
		limit->burst = 1;
	return code;
}

/* ---- routes ---- */

static const struct key route_keys[] = {
	{ "match", take_match, AT(match) },
	{ "host", take_host, AT(host) },
	{ "upstream", take_word, AT(upstream_name) },
	{ "cache", take_cache, AT(cache) },
	{ "compress", take_compress, AT(compress) },
	{ "rate_limit", take_rate_limit, AT(rate_limit) },
	{ "batch", take_batch, AT(batch) },
	{ "timeout", take_time, AT(timeout_ns) },
	{ NULL, NULL, 0 },
};

static int
check_route(struct loading *l, const struct gate_route *r)
{
	int code = 0;

	if (!r->match) {
		code = node_refuse(&l->file, r->place, "a route without match");
		err_hint(l->file.e, "write match: / for all paths");
	} else if (!r->upstream_name) {
		code = node_refuse(&l->file, r->place, "a route without upstream");
		err_hint(l->file.e, "write upstream: and one of the names below upstreams");
	} else if (r->batch) {
		code = config_check_batch(l, r);
	}
	return code;
}

int
take_routes(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_config *c = to;
	int code = 0;

	if (n->kind != NODE_LIST || !n->n_items || n->n_items > GATE_ROUTES_MAX) {
		code = node_refuse(&l->file, n->place, "%s: a list of 1 to %d is expected", key,
		    GATE_ROUTES_MAX);
		err_hint(l->file.e, "write '- { match: /, upstream: NAME }' below it");
		return code;
	}
	for (size_t i = 0; i < n->n_items && code == 0; i++) {
		struct gate_route *r = ARENA_PUSH(l->a, c->routes, c->n_routes);
		*r = preset;
		r->place = n->items[i]->place;
		code = take_keys(l, "a route", n->items[i], route_keys, r);
		if (code == 0)
			code = check_route(l, r);
	}
	return code;
}

/* ---- once all is read ---- */

static int
find_upstream(struct loading *l, const struct gate_config *c, struct gate_route *r)
{
	struct nearest near = { .word = r->upstream_name };

	for (size_t i = 0; i < c->n_upstreams; i++) {
		nearest_try(&near, c->upstreams[i].name);
		if (strcmp(c->upstreams[i].name, r->upstream_name) == 0) {
			r->upstream = i;
			return 0;
		}
	}
	int code = node_refuse(&l->file, take_place(l, r->upstream_name, r->place),
	    "no upstream is called '%s'", r->upstream_name);
	if (near.best)
		err_hint(l->file.e, "did you mean '%s'?", near.best);
	else
		err_hint(l->file.e, "write upstreams: { %s: { servers: [\"127.0.0.1:8080\"] } }",
		    r->upstream_name);
	return code;
}

/* The first route that fits is the one, so a wide one hides the narrower ones below it. */
static int
check_reached(struct loading *l, const struct gate_config *c, const struct gate_route *r)
{
	for (const struct gate_route *above = c->routes; above < r; above++)
		if (path_covers(above->match, r->match) && host_covers(above->host, r->host)) {
			int code = node_refuse(&l->file, r->place, "route '%s' is never reached: that of line %d "
			    "takes all its requests", r->match, above->place.line);
			err_hint(l->file.e, "the first route that fits takes a request: move this one up");
			return code;
		}
	return 0;
}

int
config_check_routes(struct loading *l, struct gate_config *c)
{
	int code = 0;

	for (struct gate_route *r = c->routes; r < c->routes + c->n_routes && code == 0; r++) {
		code = find_upstream(l, c, r);
		if (code == 0)
			code = check_reached(l, c, r);
	}
	return code;
}

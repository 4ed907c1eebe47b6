/* SPDX-License-Identifier: MIT */
#include "gate/desk/inquiry.h"

#include <errno.h>

#include "gate/gate_int.h"

static struct text
path_of(struct text target)
{
	const char *query = memchr(target.at, '?', target.size);
	return (struct text){ target.at, query ? (size_t)(query - target.at) : target.size };
}

static struct text
without_port(struct text host)
{
	const char *bracket = memchr(host.at, ']', host.size), *colon = memrchr(host.at, ':', host.size);
	return colon && colon > bracket ? (struct text){ host.at, (size_t)(colon - host.at) } : host;
}

/* "*" asks the server as a whole; HTTP/1.0 may name no host. Neither has a key of its own. */
static int
read_key(struct gate_worker *w, bool secure, const struct http1_request *r, struct cache_key *ret)
{
	static const struct text none = { "none.invalid", 12 };

	if (r->target.at[0] == '/')
		return cache_key_write(secure, r->host.size ? r->host : none, r->target, w->key_text, ret);
	*ret = (struct cache_key){ .uri = r->target, .target = r->target, .ambiguous = true };
	return 0;
}

int
inquiry_read(struct gate_worker *w, bool secure, const struct http1_request *r, struct inquiry *ret)
{
	int code = read_key(w, secure, r, &ret->key);

	if (code < 0)
		return code == -E2BIG ? 414 : 400;
	ret->w = w;
	ret->r = r;
	ret->route = gate_route_find(w->config, without_port(r->host), path_of(ret->key.target));
	if (!ret->route)
		return 0;
	if (ret->route->cache.n_ignore_query && ret->key.uri.at == w->key_text)
		cache_key_ignore(&ret->key, w->key_text, ret->route->cache.ignore_query, ret->route->cache.n_ignore_query);
	ret->policy = &w->gate->policies[ret->route - w->config->routes];
	if (ret->route->cache.enabled)
		cache_request_read(r->method, &ret->key, &r->fields, ret->policy, &ret->request);
	return 0;
}

void
inquiry_repeat(struct gate_worker *w, bool secure, const struct buf *raw, struct inquiry *ret)
{
	size_t used;

	http1_request_parse(&w->request, raw->data, raw->size, &used);
	inquiry_read(w, secure, &w->request, ret);
}

static bool
matches(void *ctx, struct text vary)
{
	const struct inquiry *q = ctx;
	return cache_vary_matches(vary, &q->r->fields);
}

struct store_ask
inquiry_ask(struct inquiry *q)
{
	return (struct store_ask){ .key = q->key.uri, .match = matches, .ctx = q, .now_ns = q->w->now_ns };
}

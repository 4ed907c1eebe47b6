/* SPDX-License-Identifier: MIT */
#include "gate/purge/purge.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cache/key.h"
#include "cache/tags.h"
#include "gate/gate_int.h"
#include "gate/purge/purge_int.h"

struct purge_desk {
	struct purge_log *log;
	pthread_mutex_t lock;          /* of `worker` */
	struct store_worker *worker;   /* asleep but for the time of a purge */
};

/* ---- URLs ------------------------------------------------------------------------------------ */

static bool
take_scheme(struct text *url, const char *scheme)
{
	size_t n = strlen(scheme);

	if (url->size < n || strncasecmp(url->at, scheme, n) != 0)
		return false;
	*url = (struct text){ url->at + n, url->size - n };
	return true;
}

static struct text
up_to(struct text t, char end)
{
	const char *at = memchr(t.at, end, t.size);
	return (struct text){ t.at, at ? (size_t)(at - t.at) : t.size };
}

static int
key_of(bool https, struct text rest, char out[CACHE_KEY_MAX], struct cache_key *ret)
{
	size_t host = 0;
	struct text target = { "/", 1 };

	while (host < rest.size && !strchr("/?#", rest.at[host]))
		host++;
	if (host < rest.size && rest.at[host] == '/')
		target = (struct text){ rest.at + host, rest.size - host };
	else if (host < rest.size)
		return -EINVAL;
	return cache_key_write(https, (struct text){ rest.at, host }, target, out, ret);
}

/* Without the parameters that its route leaves out (inquiry.c). True: there are such. */
static bool
shorten(const struct gate_config *c, struct cache_key *key, char out[CACHE_KEY_MAX])
{
	size_t scheme = key->uri.at[4] == 's' ? 8 : 7, size = key->uri.size;
	struct text host = { out + scheme, size - key->target.size - scheme };
	const char *colon = memrchr(host.at, ':', host.size), *bracket = memrchr(host.at, ']', host.size);

	if (colon && colon > bracket)
		host.size = (size_t)(colon - host.at);
	const struct gate_route *r = gate_route_find(c, host, up_to(key->target, '?'));
	if (r && r->cache.n_ignore_query)
		cache_key_ignore(key, out, r->cache.ignore_query, r->cache.n_ignore_query);
	return key->uri.size != size;
}

int
purge_url_keys(const struct gate_config *c, struct text url, struct purge_keys *ret)
{
	ret->n = 0;
	if (!take_scheme(&url, "https://") && !take_scheme(&url, "http://"))
		return -EINVAL;
	for (int https = 0; https < 2; https++)
		for (int shortened = 0; shortened < 2; shortened++) {
			struct cache_key *key = &ret->keys[ret->n];
			if (key_of(https, url, ret->out[ret->n], key) < 0)
				return -EINVAL;
			ret->n += !shortened || shorten(c, key, ret->out[ret->n]);
		}
	return 0;
}

static int
purge_url(struct purge_desk *d, const struct gate_config *c, struct text url, enum store_purge how,
    uint32_t *ret_objects)
{
	struct purge_keys keys;

	if (purge_url_keys(c, url, &keys) < 0)
		return -EINVAL;
	for (size_t i = 0; i < keys.n; i++)
		*ret_objects += store_purge_key(d->worker, keys.keys[i].uri, how);
	return 0;
}

/* ---- purging --------------------------------------------------------------------------------- */

static int
apply(struct purge_desk *d, const struct gate_config *c, const struct purge *p, uint32_t *ret_objects)
{
	enum store_purge how = p->soft ? STORE_PURGE_SOFT : STORE_PURGE_HARD;
	int code = 0;

	pthread_mutex_lock(&d->lock);
	store_wake(d->worker);
	if (p->what == PURGE_URL)
		code = purge_url(d, c, p->text, how, ret_objects);
	else if (p->what == PURGE_TAG)
		store_purge_tag(d->worker, cache_tag_id(p->text), how);
	else
		store_purge_all(d->worker, how);
	store_sleep(d->worker);
	pthread_mutex_unlock(&d->lock);
	return code;
}

int64_t
purge_desk_take(struct purge_desk *d, const struct gate_config *c, const struct purge *p, uint32_t *ret_objects)
{
	*ret_objects = 0;
	int code = purge_is_good(p) ? apply(d, c, p, ret_objects) : -EINVAL;
	if (code < 0)
		return code;
	uint64_t number = purge_log_add(d->log, p, wall_ns(), &code);
	return code < 0 ? code : (int64_t)number;
}

int64_t
gate_purge(struct gate *g, const struct purge *p)
{
	uint32_t objects;
	return purge_desk_take(g->purges, g->config, p, &objects);
}

struct purge_log *
purge_desk_log(struct purge_desk *d)
{
	return d->log;
}

/* ---- the whole ------------------------------------------------------------------------------- */

int
purge_desk_open(struct store *store, const char *path, struct purge_desk **ret, struct err *e)
{
	struct purge_log *log;
	int code = purge_log_open(path, &log, e);

	if (code < 0)
		return code;
	struct purge_desk *d = calloc(1, sizeof(*d));
	if (!d)
		abort();
	*d = (struct purge_desk){ .log = log, .worker = store_worker_open(store) };
	pthread_mutex_init(&d->lock, NULL);
	*ret = d;
	if (!d->worker)
		return err_set(e, ENOMEM, "out of memory");
	store_sleep(d->worker);
	return 0;
}

void
purge_desk_close(struct purge_desk *d)
{
	if (!d)
		return;
	store_worker_close(d->worker);
	purge_log_close(d->log);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

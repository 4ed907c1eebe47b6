/* SPDX-License-Identifier: MIT */
#include "import/log_census.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "import/secret.h"

#define KEY_MAX      2048
#define VALUE_MAX    200
#define ROUTES_MAX   8192
#define BYTES_MAX    ((size_t)64 << 20)
#define HEX_MIN      8        /* shorter words of hexadecimal digits may be words */

/* ---- the key of a route ---- */

struct key {
	char text[KEY_MAX];
	size_t size;
	struct slice values[CENSUS_SLOTS_MAX];
	int n_values;
	size_t hidden;
	bool full;
};

static void
put(struct key *k, const char *text, size_t size)
{
	if (size > sizeof(k->text) - k->size) {
		k->full = true;
		return;
	}
	memcpy(k->text + k->size, text, size);
	k->size += size;
}

static void
put_slot(struct key *k, const char *value, size_t size)
{
	if (k->n_values == CENSUS_SLOTS_MAX || size > VALUE_MAX) {
		k->full = true;
		return;
	}
	put(k, (char[]){ CENSUS_SLOT }, 1);
	k->values[k->n_values++] = (struct slice){ value, size };
}

static bool
is_uuid(const char *s, size_t size)
{
	if (size != 36)
		return false;
	for (size_t i = 0; i < size; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
	}
	return true;
}

/* Does the segment name one of many? */
static bool
is_id(const char *s, size_t size)
{
	size_t digits = 0, hex = 0;

	for (size_t i = 0; i < size; i++) {
		digits += isdigit((unsigned char)s[i]) != 0;
		hex += isxdigit((unsigned char)s[i]) != 0;
	}
	return size && (digits == size || (hex == size && digits && size >= HEX_MIN) || is_uuid(s, size));
}

static void
put_path(struct key *k, const char *at, const char *end)
{
	while (at < end) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		size_t size = (size_t)((slash ? slash : end) - at);
		if (is_id(at, size))
			put_slot(k, at, size);
		else
			put(k, at, size);
		if (slash)
			put(k, "/", 1);
		at = slash ? slash + 1 : end;
	}
}

static void
put_query(struct key *k, const char *at, const char *end)
{
	while (at < end) {
		const char *next = memchr(at, '&', (size_t)(end - at));
		const char *stop = next ? next : end;
		const char *equals = memchr(at, '=', (size_t)(stop - at));
		put(k, at, (size_t)((equals ? equals + 1 : stop) - at));
		if (equals && equals + 1 < stop && secret_name(at, (size_t)(equals - at)))
			k->hidden++;
		else if (equals && equals + 1 < stop)
			put_slot(k, equals + 1, (size_t)(stop - equals - 1));
		if (next)
			put(k, "&", 1);
		at = next ? next + 1 : end;
	}
}

/* Where the path of the target begins; *ret_host as the target itself names it. NULL: no target
 * that can be asked for. */
static const char *
target_path(struct slice target, struct slice *ret_host)
{
	const char *end = target.at + target.size;

	if (target.size && *target.at == '/')
		return target.at;
	const char *mark = memmem(target.at, target.size, "://", 3);
	if (!mark || mark - target.at > 5 || memcmp(target.at, "http", 4) != 0)
		return NULL;
	const char *slash = memchr(mark + 3, '/', (size_t)(end - mark - 3));
	if (!slash)
		return NULL;
	*ret_host = (struct slice){ mark + 3, (size_t)(slash - mark - 3) };
	return slash;
}

static bool
is_host(struct slice host)
{
	for (size_t i = 0; i < host.size; i++)
		if (!isalnum((unsigned char)host.at[i]) && (!host.at[i] || !strchr(".-_:[]", host.at[i])))
			return false;
	return host.size > 1 && host.size < 256;
}

static bool
has_controls(const char *at, const char *end)
{
	for (; at < end; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return true;
	return false;
}

/* false: there is nothing to ask for. */
static bool
make_key(const struct log_entry *entry, struct key *k)
{
	struct slice host = entry->host;
	const char *path = target_path(entry->target, &host);
	const char *end = entry->target.at + entry->target.size;

	*k = (struct key){ .size = 0 };
	if (!path || has_controls(path, end))
		return false;
	put(k, entry->method.at, entry->method.size);
	put(k, " ", 1);
	if (is_host(host)) {
		put(k, "http://", 7);
		/* Port 80 is said by some logs and not by others. */
		bool web = host.size > 3 && memcmp(host.at + host.size - 3, ":80", 3) == 0;
		put(k, host.at, host.size - (web ? 3 : 0));
	}
	const char *fragment = memchr(path, '#', (size_t)(end - path));
	end = fragment ? fragment : end;
	const char *query = memchr(path, '?', (size_t)(end - path));
	put_path(k, path, query ? query : end);
	if (query) {
		put(k, "?", 1);
		put_query(k, query + 1, end);
	}
	return true;
}

/* ---- slots ---- */

/* FNV-1a with a final mix, so that small numbers do not lie together. */
static uint64_t
hash_of(const char *s, size_t size)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < size; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
	h ^= h >> 33;
	return h ? h : 1;
}

/* true: it is kept, as `value` or a copy of it. */
static bool
slot_offer(struct census *t, struct census_slot *slot, uint64_t hash, const char *value,
    size_t size)
{
	int at = 0;

	if (slot->n == CENSUS_VALUES_MAX && hash >= slot->hashes[slot->n - 1])
		return false;
	while (at < slot->n && slot->hashes[at] < hash)
		at++;
	if (at < slot->n && slot->hashes[at] == hash)
		return false;
	if (slot->n == CENSUS_VALUES_MAX) {
		slot->n--;
		t->bytes -= strlen(slot->values[slot->n]) + 1;
		free(slot->values[slot->n]);
	}
	size_t behind = (size_t)(slot->n - at);
	memmove(&slot->hashes[at + 1], &slot->hashes[at], behind * sizeof(slot->hashes[0]));
	memmove(&slot->values[at + 1], &slot->values[at], behind * sizeof(slot->values[0]));
	slot->hashes[at] = hash;
	slot->values[at] = strndup(value, size);
	if (!slot->values[at])
		abort();
	slot->n++;
	t->bytes += size + 1;
	return true;
}

/* ---- routes ---- */

static size_t
route_bytes(const struct census_route *r)
{
	size_t bytes = sizeof(*r) + r->size + (size_t)r->n_slots * sizeof(*r->slots);

	for (int i = 0; i < r->n_slots; i++)
		for (int v = 0; v < r->slots[i].n; v++)
			bytes += strlen(r->slots[i].values[v]) + 1;
	return bytes;
}

static void
route_free(struct census *t, struct census_route *r)
{
	t->bytes -= route_bytes(r);
	for (int i = 0; i < r->n_slots; i++)
		for (int v = 0; v < r->slots[i].n; v++)
			free(r->slots[i].values[v]);
	free(r->slots);
	free(r->key);
	free(r);
}

static void
list_route(struct census *t, struct census_route *r)
{
	if (t->n_routes == t->allocated) {
		t->allocated = t->allocated ? t->allocated * 2 : 64;
		t->routes = realloc(t->routes, t->allocated * sizeof(struct census_route *));
		if (!t->routes)
			abort();
	}
	*map_at(&t->index, r->key, r->size, NULL) = t->n_routes;
	t->routes[t->n_routes++] = r;
}

/* Gives up the rarer routes until half of what is allowed is left. */
static void
prune(struct census *t)
{
	size_t n = t->n_routes, kept = 0, bytes = 0;

	census_sort(t);
	map_done(&t->index);
	t->n_routes = 0;
	while (kept < n && kept < ROUTES_MAX / 2 &&
	    (bytes += route_bytes(t->routes[kept])) < BYTES_MAX / 2)
		list_route(t, t->routes[kept++]);
	for (size_t i = kept; i < n; i++) {
		t->lost[LOST_RARE] += t->routes[i]->count;
		t->requests -= t->routes[i]->count;
		route_free(t, t->routes[i]);
	}
}

static struct census_route *
route_new(struct census *t, const char *key, size_t size, int n_slots)
{
	if (t->n_routes >= ROUTES_MAX || t->bytes > BYTES_MAX)
		prune(t);
	struct census_route *r = calloc(1, sizeof(*r));
	if (!r)
		abort();
	r->key = strndup(key, size);
	r->slots = calloc((size_t)n_slots + 1, sizeof(*r->slots));
	if (!r->key || !r->slots)
		abort();
	r->size = size;
	r->n_slots = n_slots;
	r->hash = hash_of(key, size);
	t->bytes += route_bytes(r);
	list_route(t, r);
	return r;
}

static struct census_route *
route_at(struct census *t, const char *key, size_t size, int n_slots)
{
	const uint64_t *place = map_find(&t->index, key, size);

	return place ? t->routes[*place] : route_new(t, key, size, n_slots);
}

static bool
is_method(const struct log_entry *entry, const char *method)
{
	return strlen(method) == entry->method.size && memcmp(method, entry->method.at,
	    entry->method.size) == 0;
}

/* Upper case, as every registered method is; logs also hold what was sent instead. */
static bool
has_method(const struct log_entry *entry)
{
	for (size_t i = 0; i < entry->method.size; i++)
		if (!isupper((unsigned char)entry->method.at[i]) && entry->method.at[i] != '-')
			return false;
	return entry->method.size && entry->method.size <= 20 && !is_method(entry, "CONNECT");
}

static uint64_t
lose(struct census *t, enum census_lost why)
{
	t->lost[why]++;
	return 0;
}

uint64_t
census_add(struct census *t, const struct log_entry *entry)
{
	struct key k;

	if (!t->all_methods && !is_method(entry, "GET") && !is_method(entry, "HEAD"))
		return lose(t, LOST_METHOD);
	if (!has_method(entry) || !make_key(entry, &k))
		return lose(t, LOST_TARGET);
	if (k.full)
		return lose(t, LOST_COMPLEX);
	struct census_route *r = route_at(t, k.text, k.size, k.n_values);
	for (int i = 0; i < k.n_values; i++)
		slot_offer(t, &r->slots[i], hash_of(k.values[i].at, k.values[i].size), k.values[i].at,
		    k.values[i].size);
	r->count++;
	r->statuses[entry->status / 100 % 6]++;
	t->requests++;
	t->hidden += k.hidden;
	return r->hash;
}

void
census_merge(struct census *to, struct census *from)
{
	for (size_t i = 0; i < from->n_routes; i++) {
		const struct census_route *r = from->routes[i];
		struct census_route *same = route_at(to, r->key, r->size, r->n_slots);
		same->count += r->count;
		for (int k = 0; k < 6; k++)
			same->statuses[k] += r->statuses[k];
		for (int k = 0; k < r->n_slots; k++)
			for (int v = 0; v < r->slots[k].n; v++)
				slot_offer(to, &same->slots[k], r->slots[k].hashes[v], r->slots[k].values[v],
				    strlen(r->slots[k].values[v]));
		to->requests += r->count;
	}
	for (int i = 0; i < LOST_MAX; i++)
		to->lost[i] += from->lost[i];
	to->hidden += from->hidden;
	census_done(from);
}

static int
by_count(const void *left, const void *right)
{
	const struct census_route *a = *(struct census_route *const *)left;
	const struct census_route *b = *(struct census_route *const *)right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return strcmp(a->key, b->key);
}

void
census_sort(struct census *t)
{
	if (t->n_routes)
		qsort(t->routes, t->n_routes, sizeof(struct census_route *), by_count);
	for (size_t i = 0; i < t->n_routes; i++)
		*map_at(&t->index, t->routes[i]->key, t->routes[i]->size, NULL) = i;
}

void
census_done(struct census *t)
{
	for (size_t i = 0; i < t->n_routes; i++)
		route_free(t, t->routes[i]);
	free(t->routes);
	map_done(&t->index);
	*t = (struct census){ .all_methods = t->all_methods };
}

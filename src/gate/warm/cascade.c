/* SPDX-License-Identifier: MIT */
#include "gate/warm/cascade.h"

#include <string.h>

#include "base/cleanup.h"
#include "cache/key.h"
#include "gate/warm/pattern.h"

#define TAG_MAX 1024   /* bytes */

void
cascade_done(struct cascade *c)
{
	map_done(&c->known);
	buf_done(&c->texts);
}

void
cascade_clear(struct cascade *c)
{
	map_done(&c->known);
	buf_clear(&c->texts);
	c->n = 0;
	c->all = c->cut = false;
}

struct text
cascade_item(const struct cascade *c, size_t i)
{
	return (struct text){ c->texts.data + c->items[i].at, c->items[i].size };
}

bool
cascade_has(const struct cascade *c, struct text item)
{
	return map_find(&c->known, item.at, item.size);
}

/* ---- adding ---------------------------------------------------------------------------------- */

static void
add(struct cascade *c, struct text item, int depth)
{
	bool is_new;

	if (c->n == CASCADE_ITEMS_MAX || depth > CASCADE_DEPTH_MAX) {
		c->cut |= !cascade_has(c, item);
		return;
	}
	map_at(&c->known, item.at, item.size, &is_new);
	if (!is_new)
		return;
	c->items[c->n].at = c->texts.size;
	c->items[c->n].size = item.size;
	c->items[c->n++].depth = depth;
	buf_append(&c->texts, item.at, item.size);
}

static bool
add_key(struct cascade *c, struct text host, struct text target, int depth)
{
	char text[CACHE_KEY_MAX];
	struct cache_key key;

	if (cache_key_write(false, host, target, text, &key) < 0)
		return false;
	add(c, key.uri, depth);
	return true;
}

static bool
is_good_tag(struct text name)
{
	for (size_t i = 0; i < name.size; i++)
		if ((unsigned char)name.at[i] <= ' ' || name.at[i] == 0x7f)
			return false;
	return name.size > 4 && name.size <= TAG_MAX;
}

static bool
starts_with(struct text t, const char *start)
{
	return t.size >= strlen(start) && memcmp(t.at, start, strlen(start)) == 0;
}

/* Host and target of a URL. */
static bool
split_url(struct text url, struct text *ret_host, struct text *ret_target)
{
	size_t scheme = starts_with(url, "http://") ? 7 : starts_with(url, "https://") ? 8 : 0;
	const char *path = scheme ? memchr(url.at + scheme, '/', url.size - scheme) : NULL;

	if (!path)
		return false;
	*ret_host = (struct text){ url.at + scheme, (size_t)(path - url.at) - scheme };
	*ret_target = (struct text){ path, (size_t)(url.at + url.size - path) };
	return true;
}

/* `host`: of "/path"; NULL: each of the hosts. */
static bool
add_name(struct cascade *c, const struct gate_warming *w, struct text name, const struct text *host, int depth)
{
	struct text own, target;
	bool good = w->n_hosts;

	if (text_is(name, "all"))
		return c->all = true;
	if (starts_with(name, "tag:")) {
		if (!is_good_tag(name))
			return false;
		add(c, name, depth);
		return true;
	}
	if (split_url(name, &own, &target))
		return add_key(c, own, target, depth);
	if (!starts_with(name, "/"))
		return false;
	if (host)
		return add_key(c, *host, name, depth);
	for (size_t i = 0; i < w->n_hosts; i++)
		good &= add_key(c, (struct text){ w->hosts[i], strlen(w->hosts[i]) }, name, depth);
	return good;
}

bool
cascade_add(struct cascade *c, const struct gate_warming *w, struct text name)
{
	return add_name(c, w, name, NULL, 0);
}

/* ---- following ------------------------------------------------------------------------------- */

static void
apply(struct cascade *c, const struct gate_warming *w, const struct gate_rule *rule, struct text item, int depth)
{
	CLEANUP(buf_done) struct buf name = { .cap_bytes = CACHE_KEY_MAX };
	struct pattern_values values;
	struct text host, target, subject = item;
	bool is_url = split_url(item, &host, &target);

	if (is_url && rule->on[0] == '/')
		subject = target;
	if (!pattern_match(rule->on, subject, &values))
		return;
	for (size_t i = 0; i < rule->n_also; i++) {
		buf_clear(&name);
		/* what a key has is encoded already */
		if (pattern_expand(rule->also[i], pattern_value_of, &values, is_url, &name) && !name.truncated)
			add_name(c, w, (struct text){ name.data, name.size }, is_url ? &host : NULL, depth + 1);
	}
}

void
cascade_follow(struct cascade *c, const struct gate_warming *w)
{
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < w->n_rules; k++) {
			/* the texts move while they grow */
			CLEANUP(buf_done) struct buf copy = { 0 };
			struct text item = cascade_item(c, i);
			buf_append(&copy, item.at, item.size);
			apply(c, w, &w->rules[k], (struct text){ copy.data, copy.size }, c->items[i].depth);
		}
}

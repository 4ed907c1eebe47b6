/* SPDX-License-Identifier: MIT */
/* What updates name is purged, and fetched again. */
#include <string.h>

#include "base/clock.h"
#include "cache/key.h"
#include "cache/tags.h"
#include "gate/purge/purge.h"
#include "gate/warm/events_int.h"
#include "gate/warm/warm.h"

#define POPULAR_AGE_NS (1 * NS_PER_S)

/* What stands for it in the store. */
static uint64_t
tag_id(struct text item)
{
	return cache_tag_id((struct text){ item.at + 4, item.size - 4 });
}

/* What is concerned is so whatever TLS ends where. */
static struct text
with_scheme(bool https, struct text key, char out[CACHE_KEY_MAX + 8])
{
	const size_t scheme = strlen("http");
	size_t rest = key.size - scheme < CACHE_KEY_MAX ? key.size - scheme : CACHE_KEY_MAX;

	memcpy(out, "https", scheme + https);
	memcpy(out + scheme + https, key.at + scheme, rest);
	return (struct text){ out, scheme + https + rest };
}

/* ---- collecting ------------------------------------------------------------------------------ */

bool
event_name(struct event_hand *h, struct text name)
{
	if (cascade_add(&h->concerned, &h->gate->config->warming, name))
		return true;
	metrics_add(h->metrics, METRIC_EVENT_BAD, h->source, 1);
	return false;
}

void
event_names(struct event_hand *h, struct text names)
{
	while (names.size) {
		size_t n = 0;
		while (n < names.size && !strchr(" \t\r\n", names.at[n]))
			n++;
		if (n)
			event_name(h, (struct text){ names.at, n });
		n += n < names.size;
		names = (struct text){ names.at + n, names.size - n };
	}
}

/* ---- what is to be fetched again ------------------------------------------------------------- */

static bool
any_variant(void *ctx, struct text vary)
{
	return true;
}

static const struct store_object *
find(struct event_hand *h, struct text uri)
{
	struct store_ask ask = { .key = uri, .match = any_variant, .now_ns = now_ns() };
	struct store_found found;

	return store_find(h->store, &ask, &found) == STORE_FOUND ? found.object : NULL;
}

static bool
has_one_of_tags(struct event_hand *h, const struct store_object *o)
{
	const struct cascade *c = &h->concerned;

	for (size_t i = 0; i < c->n; i++) {
		struct text item = cascade_item(c, i);
		if (cascade_is_tag(item) &&
		    store_has_tag(h->store, o, tag_id(item)))
			return true;
	}
	return false;
}

static bool
has_tags(const struct cascade *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (cascade_is_tag(cascade_item(c, i)))
			return true;
	return false;
}

static struct text
without_tls(struct text uri, char out[POPULAR_TEXT_MAX])
{
	if (uri.size < 5 || uri.at[4] != 's' || uri.size > POPULAR_TEXT_MAX)
		return uri;
	memcpy(out, uri.at, 4);
	memcpy(out + 4, uri.at + 5, uri.size - 5);
	return (struct text){ out, uri.size - 1 };
}

/* Marks what is to be fetched again: "item\0" each. Before the purge, which would hide what is concerned. */
static void
mark_popular(struct event_hand *h, struct buf *again)
{
	const struct cascade *c = &h->concerned;
	bool tags = has_tags(c), all = c->all || c->cut;

	if (now_ns() - h->popular_ns > POPULAR_AGE_NS) {
		buf_clear(&h->popular);
		warm_popular_texts(h->gate->warm, &h->popular);
		h->popular_ns = now_ns();
	}
	for (size_t at = 0, size; at < h->popular.size; at += size + 1) {
		char text[POPULAR_TEXT_MAX];
		const char *item = h->popular.data + at;
		size = strlen(item);
		struct text uri = { item, strcspn(item, "\n") };
		bool concerned = all || cascade_has(c, without_tls(uri, text));
		const struct store_object *o = !concerned && tags ? find(h, uri) : NULL;
		if (concerned || (o && has_one_of_tags(h, o)))
			buf_append(again, item, size + 1);
	}
}

static bool
is_marked(const struct buf *again, struct text uri)
{
	for (size_t at = 0; at < again->size; at += strlen(again->data + at) + 1)
		if (strncmp(again->data + at, uri.at, uri.size) == 0 &&
		    strchr("\n", again->data[at + uri.size]))
			return true;
	return false;
}

static void
mark_one(struct event_hand *h, struct text uri, struct buf *again)
{
	if (is_marked(again, uri) || !find(h, uri))
		return;
	buf_append(again, uri.at, uri.size);
	buf_putc(again, '\0');
}

static void
mark_stored(struct event_hand *h, struct buf *again)
{
	const struct cascade *c = &h->concerned;

	for (size_t i = 0; i < c->n; i++) {
		struct text item = cascade_item(c, i);
		char text[CACHE_KEY_MAX + 8];
		for (int https = 0; https < 2 && !cascade_is_tag(item); https++)
			mark_one(h, with_scheme(https, item, text), again);
	}
}

/* ---- purging --------------------------------------------------------------------------------- */

static void
purge_all_of_it(struct event_hand *h)
{
	const struct cascade *c = &h->concerned;
	/* what a request has changed was purged with its answer, and may be there anew */
	size_t first = h->source == SOURCE_REQUEST;
	int64_t n = 1;

	if (c->all || c->cut) {
		gate_purge(h->gate, &(struct purge){ .what = PURGE_ALL });
	} else {
		for (size_t i = first; i < c->n; i++) {
			struct text item = cascade_item(c, i);
			bool tag = cascade_is_tag(item);
			gate_purge(h->gate, &(struct purge){ .what = tag ? PURGE_TAG : PURGE_URL,
			    .text = tag ? (struct text){ item.at + 4, item.size - 4 } : item });
		}
		n = (int64_t)(c->n - first);
	}
	metrics_add(h->metrics, METRIC_EVENT_PURGES, h->source, n);
}

void
event_apply(struct event_hand *h)
{
	const struct gate_warming *w = &h->gate->config->warming;
	struct buf again = { 0 };

	if (!h->concerned.n && !h->concerned.all)
		return;
	cascade_follow(&h->concerned, w);
	if (w->warm_related) {
		store_wake(h->store);
		mark_popular(h, &again);
		mark_stored(h, &again);
		store_sleep(h->store);
	}
	purge_all_of_it(h);
	for (size_t at = 0; at < again.size; at += strlen(again.data + at) + 1)
		warm_ask(h->gate->warm, WARM_UPDATE,
		    (struct text){ again.data + at, strlen(again.data + at) });
	buf_done(&again);
	cascade_clear(&h->concerned);
}

void
event_gap(struct event_hand *h, const char *why)
{
	metrics_add(h->metrics, METRIC_EVENT_GAPS, h->source, 1);
	notice_post(h->gate->notices, "all that is stored is purged: %s", why);
	event_name(h, (struct text){ "all", 3 });
	event_apply(h);
}

/* SPDX-License-Identifier: MIT */
#include "gate/purge/cdn_driver.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const struct cdn_driver *const drivers[] = { &cdn_cloudfront, &cdn_akamai };

const struct cdn_driver *
cdn_driver_of(const struct gate_cdn *c)
{
	for (size_t i = 0; c->preset && i < COUNT_OF(drivers); i++)
		if (strcmp(drivers[i]->preset, c->preset) == 0)
			return drivers[i];
	return &cdn_template;
}

/* ---- batches --------------------------------------------------------------------------------- */

bool
cdn_batch_add(struct cdn_batch *b, const struct cdn_driver *d, const struct gate_cdn *c,
    const struct purge_entry *entry, size_t most)
{
	const struct purge *p = &entry->purge;
	enum purge_what what = d->as ? d->as(c, p) : p->what;
	size_t before = b->items.size;

	if (b->n && (b->n >= most || what != b->what || p->soft != b->soft))
		return false;
	if (b->n && what == PURGE_ALL)
		return b->n++, true;   /* once is enough */
	d->put(what, p->text, &b->items);
	size_t size = b->items.size - before;
	bool again = b->n && memmem(b->items.data, before, b->items.data + before, size);
	bool room = !b->n || again || (b->n_items < d->items_max && b->items.size <= d->bytes_max);
	if (again || !room)
		b->items.data[b->items.size = before] = '\0';
	if (!room)
		return false;
	if (!b->n++) {
		b->what = what;
		b->soft = p->soft;
		b->first = entry->number;
		b->wall_ns = entry->wall_ns;
	}
	b->n_items += !again;
	return true;
}

void
cdn_batch_clear(struct cdn_batch *b)
{
	buf_clear(&b->items);
	b->n = b->n_items = 0;
}

/* ---- secrets --------------------------------------------------------------------------------- */

static struct text
take_line(struct text *rest)
{
	const char *end = memchr(rest->at, '\n', rest->size);
	struct text line = { rest->at, end ? (size_t)(end - rest->at) : rest->size };
	size_t used = line.size + (end != NULL);

	rest->at += used;
	rest->size -= used;
	if (line.size && line.at[line.size - 1] == '\r')
		line.size--;
	return text_trim(line);
}

static struct text
secret_in_file(struct text rest, const char *profile, const char *name)
{
	bool within = strcmp(profile, "default") == 0;

	while (rest.size) {
		struct text line = take_line(&rest);
		if (line.size > 2 && line.at[0] == '[' && line.at[line.size - 1] == ']') {
			within = text_is_exactly(text_trim((struct text){ line.at + 1, line.size - 2 }), profile);
			continue;
		}
		const char *equals = memchr(line.at, '=', line.size);
		if (!within || !equals)
			continue;
		size_t size = (size_t)(equals - line.at);
		if (text_is_exactly(text_trim((struct text){ line.at, size }), name))
			return text_trim((struct text){ equals + 1, line.size - size - 1 });
	}
	return (struct text){ "", 0 };
}

struct text
cdn_secret(const struct cdn_ask *ask, const char *name, const char *variable)
{
	const char *word = ask->secret.at ? NULL : getenv(variable);
	struct text t = word ? (struct text){ word, strlen(word) } : (struct text){ "", 0 };

	if (ask->secret.at)
		t = secret_in_file(ask->secret, ask->c->profile ? ask->c->profile : "default", name);
	for (size_t i = 0; i < t.size; i++)   /* a line end would begin another field */
		if (t.at[i] <= ' ' || t.at[i] > '~')
			return (struct text){ "", 0 };
	return t;
}

/* ---- requests -------------------------------------------------------------------------------- */

void
cdn_request_end(struct cdn_request *r, const char *type, const struct buf *fields, const struct buf *body)
{
	buf_append(&r->rest, fields->data, fields->size);
	buf_printf(&r->rest, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n", type, body->size);
	buf_append(&r->rest, body->data, body->size);
}

void
cdn_request_done(struct cdn_request *r)
{
	buf_done(&r->to);
	buf_done(&r->rest);
}

/* SPDX-License-Identifier: MIT */
#include "gate/level2/l2_outbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cache/tags.h"
#include "gate/purge/purge_int.h"

#define NOTES_MAX 4096

struct l2_outbox {
	pthread_mutex_t lock;
	const struct gate_config *config;
	struct l2_purges *purges;
	void (*wake)(void *ctx);
	void *ctx;
	struct l2_note *first, **end;
	size_t n;
	bool has_all;               /* a purge of everything waits: the rest may go */
};

struct l2_outbox *
l2_outbox_new(const struct gate_config *c, struct l2_purges *purges, void (*wake)(void *ctx), void *ctx)
{
	struct l2_outbox *b = calloc(1, sizeof(*b));

	if (!b)
		abort();
	*b = (struct l2_outbox){ .config = c, .purges = purges, .wake = wake, .ctx = ctx };
	b->end = &b->first;
	pthread_mutex_init(&b->lock, NULL);
	return b;
}

void
l2_outbox_free(struct l2_outbox *b)
{
	struct l2_note *note;

	if (!b)
		return;
	while ((note = l2_outbox_take(b)))
		free(note);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

void
l2_purge_hashes(const struct gate_config *c, enum purge_what what, struct text text,
    void (*each)(void *ctx, uint64_t hash), void *ctx)
{
	struct purge_keys keys;

	if (what == PURGE_TAG)
		each(ctx, cache_tag_id(text));
	if (what == PURGE_URL && purge_url_keys(c, text, &keys) == 0)
		for (size_t i = 0; i < keys.n; i++)
			each(ctx, l2_purge_hash(keys.keys[i].uri));
}

static void
doubt(void *ctx, uint64_t hash)
{
	l2_purges_doubt(ctx, hash);
}

static struct l2_note *
note_new(const struct purge *p, bool logged)
{
	struct l2_note *note = malloc(sizeof(*note) + p->text.size);

	if (!note)
		abort();
	*note = (struct l2_note){ .what = p->what, .soft = p->soft, .logged = logged, .size = p->text.size };
	memcpy(note->text, p->text.at, p->text.size);
	return note;
}

static void
append(struct l2_outbox *b, struct l2_note *note)
{
	note->next = NULL;
	*b->end = note;
	b->end = &note->next;
	b->n++;
}

static void
doubt_note(struct l2_outbox *b, enum purge_what what, struct text text)
{
	if (what == PURGE_ALL)
		l2_purges_doubt_all(b->purges);
	else
		l2_purge_hashes(b->config, what, text, doubt, b->purges);
}

void
l2_outbox_add(struct l2_outbox *b, const struct purge *p, bool logged)
{
	static const struct purge all = { .what = PURGE_ALL, .text = { "", 0 } };

	pthread_mutex_lock(&b->lock);
	bool full = b->n >= NOTES_MAX;
	if (full) {
		p = &all;
		logged = false;   /* it stands for others */
	}
	if (!full || !b->has_all) {
		append(b, note_new(p, logged));
		doubt_note(b, p->what, p->text);
	}
	b->has_all |= p->what == PURGE_ALL;
	pthread_mutex_unlock(&b->lock);
	b->wake(b->ctx);
}

struct l2_note *
l2_outbox_take(struct l2_outbox *b)
{
	pthread_mutex_lock(&b->lock);
	struct l2_note *note = b->first;
	if (note) {
		b->first = note->next;
		b->n--;
		b->has_all &= note->what != PURGE_ALL;
	}
	if (!b->first)
		b->end = &b->first;
	pthread_mutex_unlock(&b->lock);
	return note;
}

void
l2_outbox_give_back(struct l2_outbox *b, struct l2_note *note)
{
	pthread_mutex_lock(&b->lock);
	append(b, note);
	b->has_all |= note->what == PURGE_ALL;
	pthread_mutex_unlock(&b->lock);
}

bool
l2_outbox_is_empty(struct l2_outbox *b)
{
	pthread_mutex_lock(&b->lock);
	bool empty = !b->first;
	pthread_mutex_unlock(&b->lock);
	return empty;
}

void
l2_outbox_doubt_again(struct l2_outbox *b)
{
	pthread_mutex_lock(&b->lock);
	for (const struct l2_note *note = b->first; note; note = note->next)
		doubt_note(b, note->what, (struct text){ note->text, note->size });
	pthread_mutex_unlock(&b->lock);
}

/* SPDX-License-Identifier: MIT */
/* Purges are numbered. A tag's slot holds the number of its last purge, an object the number of the
 * last purge before its fill began: it is gone when one of its slots holds a higher one. So a purge
 * is one write, and nothing that was being fetched from the origin meanwhile slips through. */
#include <string.h>
#include <xxhash.h>

#include "cache/store_int.h"

void
store_purges_init(struct store *s, _Atomic uint64_t *zeroed, uint64_t slots)
{
	/* Written now, so that no purge has to wait for a page. */
	memset((void *)zeroed, 0, 2 * slots * sizeof(*zeroed));
	s->purges.hard = zeroed;
	s->purges.soft = zeroed + slots;
	s->purges.slots = slots;
	store_lock_init(&s->purges.lock);
}

uint32_t
store_tag_slot(const struct store *s, uint64_t tag)
{
	/* Slot 0 is everything's. */
	uint64_t h = XXH3_64bits_withSecret(&tag, sizeof(tag), s->map->secret, STORE_SECRET);
	return (uint32_t)(1 + h % (s->purges.slots - 1));
}

_Atomic uint64_t *
store_purges_of_key(struct store *s, uint64_t hash)
{
	return &s->purges.of_keys[hash % STORE_KEY_SLOTS];
}

struct store_moment
store_moment(const struct store_worker *w, struct text key)
{
	struct store *s = w->store;

	return (struct store_moment){ atomic_load(&s->purges.number),
		atomic_load(store_purges_of_key(s, store_hash_of(s, key).low)) };
}

bool
store_has_tag(const struct store_worker *w, const struct store_object *o, uint64_t tag)
{
	uint32_t slot = store_tag_slot(w->store, tag);
	const uint32_t *tags = store_tags(o);

	for (size_t i = 0; i < o->n_tags; i++)
		if (tags[i] == slot)
			return true;
	return false;
}

static uint64_t
last_purge(_Atomic uint64_t *slots, const struct store_object *o)
{
	uint64_t last = atomic_load(&slots[0]);
	const uint32_t *tags = store_tags(o);

	for (size_t i = 0; i < o->n_tags; i++) {
		uint64_t at = atomic_load(&slots[tags[i]]);
		last = at > last ? at : last;
	}
	return last;
}

bool
store_is_purged(const struct store *s, struct store_object *o)
{
	uint64_t number = atomic_load(&s->purges.number);

	if (atomic_load_explicit(&o->checked, memory_order_relaxed) == number)
		return false;
	if (last_purge(s->purges.hard, o) > o->birth)
		return true;
	if (last_purge(s->purges.soft, o) > o->birth)
		atomic_fetch_or(&o->flags, STORE_SOFT);
	atomic_store_explicit(&o->checked, number, memory_order_relaxed);
	return false;
}

static void
purge_slot(struct store *s, uint64_t slot, enum store_purge how)
{
	struct store_purges *p = &s->purges;

	store_lock(&p->lock);
	uint64_t number = atomic_load(&p->number) + 1;
	/* The slot first: who sees the number looks at the slots, and must find it there. */
	atomic_store(how == STORE_PURGE_SOFT ? &p->soft[slot] : &p->hard[slot], number);
	atomic_store(&p->number, number);
	store_unlock(&p->lock);
}

void
store_purge_tag(struct store_worker *w, uint64_t tag, enum store_purge how)
{
	purge_slot(w->store, store_tag_slot(w->store, tag), how);
}

void
store_purge_all(struct store_worker *w, enum store_purge how)
{
	purge_slot(w->store, 0, how);
}

uint32_t
store_purge_key(struct store_worker *w, struct text key, enum store_purge how)
{
	struct store *s = w->store;
	struct store_hash hash = store_hash_of(s, key);
	uint32_t n = 0;

	store_shard_lock(s, hash.low);
	atomic_fetch_add(store_purges_of_key(s, hash.low), 1);
	struct store_object *o = store_index_find(s, hash, key);
	while (o) {
		uint64_t next = atomic_load(&o->next_variant);
		/* A fill cannot be marked as stale: its answer may be from before. */
		if (how == STORE_PURGE_SOFT && store_state_of(o) != STORE_FILLING) {
			atomic_fetch_or(&o->flags, STORE_SOFT);
		} else {
			store_index_replace(w, o, NULL);
			store_count_one(w, STORE_PURGED);
		}
		n++;
		o = next ? store_object_at(s, next) : NULL;
	}
	store_shard_unlock(s, hash.low);
	return n;
}

/* SPDX-License-Identifier: MIT */
/* Open addressing with linear probing, a table a shard. A slot is taken by writing the hash and then the
 * place, and given up by marking the place as gone; so a reader sees an object or not, and
 * whatever it sees is compared with the whole key. */
#include <errno.h>
#include <string.h>

#include "cache/store_int.h"

#define FIRST_BITS 6     /* 1 KiB a shard */
#define MOST_BITS  24    /* 256 MiB a shard: 800 million keys in all */

struct table {
	struct store_slot *slots;
	uint64_t mask;
};

static struct table
table_of(const struct store *s, unsigned shard)
{
	uint64_t word = atomic_load(&s->map->tables[shard].table);
	uint64_t bits = word % STORE_UNIT;

	return (struct table){ store_at(s, word - bits), (UINT64_C(1) << bits) - 1 };
}

struct store_slot *
store_index_slots(const struct store *s, unsigned shard, uint64_t *ret_n)
{
	struct table t = table_of(s, shard);

	*ret_n = t.mask + 1;
	return t.slots;
}

static uint64_t
table_units(uint64_t bits)
{
	return store_units(sizeof(struct store_slot) << bits);
}

static uint64_t
table_make(struct store *s, uint64_t bits)
{
	uint64_t at = store_arena_take(&s->arena, table_units(bits));

	if (!at)
		return 0;
	memset(store_at(s, at), 0, sizeof(struct store_slot) << bits);
	return at | bits;
}

int
store_index_init(struct store *s)
{
	for (unsigned i = 0; i < STORE_SHARDS; i++) {
		s->map->tables[i].table = table_make(s, FIRST_BITS);
		if (!s->map->tables[i].table)
			return -ENOSPC;
	}
	return 0;
}

static uint64_t
place(struct table t, uint64_t hash)
{
	return hash / STORE_SHARDS & t.mask;
}

static bool
same_key(const struct store_object *o, struct text key)
{
	struct text own = store_key(o);

	return own.size == key.size && memcmp(own.at, key.at, key.size) == 0;
}

/* The slot of a key; NULL: none, and then in *ret_vacant one to put it. */
static struct store_slot *
find_slot(const struct store *s, struct table t, struct store_hash hash, struct text key,
    struct store_slot **ret_vacant)
{
	*ret_vacant = NULL;
	for (uint64_t i = place(t, hash.low);; i++) {
		struct store_slot *slot = t.slots + (i & t.mask);
		uint64_t at = atomic_load(&slot->at);
		if (at <= STORE_SLOT_GONE && !*ret_vacant)
			*ret_vacant = slot;
		if (at == STORE_SLOT_FREE)
			return NULL;
		if (at == STORE_SLOT_GONE || atomic_load(&slot->hash) != hash.high)
			continue;
		if (same_key(store_object_at(s, at), key))
			return slot;
	}
}

struct store_object *
store_index_find(const struct store *s, struct store_hash hash, struct text key)
{
	struct store_slot *vacant;
	struct store_slot *slot = find_slot(s, table_of(s, store_shard_of(hash.low)), hash, key, &vacant);
	uint64_t at = slot ? atomic_load(&slot->at) : STORE_SLOT_FREE;

	/* Meanwhile it may have become another key's. */
	if (at <= STORE_SLOT_GONE || !same_key(store_object_at(s, at), key))
		return NULL;
	return store_object_at(s, at);
}

/* ---- growth ------------------------------------------------------------------------------------- */

static void
move_slots(const struct store *s, struct table from, struct table to)
{
	for (uint64_t i = 0; i <= from.mask; i++) {
		uint64_t at = from.slots[i].at;
		if (at <= STORE_SLOT_GONE)
			continue;
		uint64_t j = place(to, store_object_at(s, at)->hash);
		while (to.slots[j & to.mask].at)
			j++;
		to.slots[j & to.mask].hash = from.slots[i].hash;
		to.slots[j & to.mask].at = at;
	}
}

/* The table before the present one, as soon as no reader can be in it. */
static bool
free_retired(struct store *s, struct store_table_state *t)
{
	if (!t->retired)
		return true;
	if (t->retired_stamp > store_seen_by_all(s->seen, s->settings.max_workers, &s->clock))
		return false;
	uint64_t bits = t->retired % STORE_UNIT;
	store_arena_give(&s->arena, t->retired - bits, table_units(bits));
	t->retired = 0;
	return true;
}

/* A table with room for more keys: a larger one, or one without slots that are gone. */
static void
rebuild(struct store *s, unsigned shard)
{
	struct store_table_state *t = &s->map->tables[shard];
	uint64_t bits = t->table % STORE_UNIT;

	if (!free_retired(s, t))
		return;
	if (t->keys * 2 > UINT64_C(1) << bits && bits < MOST_BITS)
		bits++;
	uint64_t table = table_make(s, bits);
	if (!table)
		return;
	struct table from = table_of(s, shard);
	t->retired = t->table;
	move_slots(s, from, (struct table){ store_at(s, table - bits), (UINT64_C(1) << bits) - 1 });
	atomic_store(&t->table, table);
	t->retired_stamp = store_clock_stamp(&s->clock);
	t->used = t->keys;
}

int
store_index_add(struct store_worker *w, struct store_object *o)
{
	struct store *s = w->store;
	unsigned shard = store_shard_of(o->hash);
	struct store_table_state *t = &s->map->tables[shard];
	struct store_hash hash = { o->hash, o->node.hash };
	struct store_slot *vacant;

	if ((t->used + 1) * 4 > (table_of(s, shard).mask + 1) * 3)
		rebuild(s, shard);
	struct table table = table_of(s, shard);
	struct store_slot *slot = find_slot(s, table, hash, store_key(o), &vacant);
	if (slot) {
		atomic_store(&o->next_variant, atomic_load(&slot->at));
	} else {
		/* Some must stay free, or probing would not end. */
		if (vacant->at == STORE_SLOT_FREE && (t->used + 1) * 8 > (table.mask + 1) * 7)
			return -ENOSPC;
		t->used += vacant->at == STORE_SLOT_FREE;
		t->keys++;
		slot = vacant;
		atomic_store(&slot->hash, hash.high);
	}
	atomic_store(&slot->at, store_offset(s, o));
	return 0;
}

/* ---- removal ------------------------------------------------------------------------------------ */

/* Who points at `o`: a slot, or the variant that came after it. */
static _Atomic uint64_t *
link_to(const struct store *s, struct store_slot *slot, uint64_t at)
{
	_Atomic uint64_t *link = &slot->at;

	while (*link != at)
		link = &store_object_at(s, *link)->next_variant;
	return link;
}

void
store_index_replace(struct store_worker *w, struct store_object *old, struct store_object *o)
{
	struct store *s = w->store;
	unsigned shard = store_shard_of(old->hash);
	struct store_slot *vacant;
	struct store_slot *slot = find_slot(s, table_of(s, shard),
	    (struct store_hash){ old->hash, old->node.hash }, store_key(old), &vacant);
	_Atomic uint64_t *link = link_to(s, slot, store_offset(s, old));
	uint64_t next = atomic_load(&old->next_variant);

	if (o) {
		atomic_store(&o->next_variant, next);
		next = store_offset(s, o);
	}
	if (!next && link == &slot->at) {
		next = STORE_SLOT_GONE;
		s->map->tables[shard].keys--;
	}
	atomic_store(link, next);
	atomic_fetch_or(&old->flags, STORE_DEAD);
	pthread_mutex_lock(&s->policy_lock);
	store_policy_drop(&s->policy, store_offset(s, &old->node));
	pthread_mutex_unlock(&s->policy_lock);
	store_limbo_add(s, old);
}

/* SPDX-License-Identifier: MIT */
/* Extendible hashing (Fagin, Nievergelt, Pippenger, Strong, ACM TODS 4(3), 1979): a shard's directory leads
 * to tables of 2 KiB, of which a full one is split into two. So growing never needs much memory in a row,
 * and never much time under the lock.
 *
 * In a table linear probing. A slot is taken by writing the hash and then the place, and given up by
 * marking the place as gone; so a reader sees an object or not, and whatever it sees is compared
 * with the whole key. A split leaves the old table as it is to the readers that are in it. */
#include <errno.h>
#include <string.h>

#include "cache/store_int.h"

#define TABLE_BYTES 2048
#define TABLE_SLOTS 124
#define MOST_BITS   26     /* of a directory: four thousand million tables in all */

struct slot {
	_Atomic uint64_t at;     /* of the newest variant; SLOT_FREE, SLOT_GONE */
	_Atomic uint64_t hash;
};

#define SLOT_FREE 0
#define SLOT_GONE 1

struct table {
	struct store_dead dead;
	uint32_t bits;           /* of the hash that its keys have in common */
	uint32_t keys, used;     /* used: keys and slots that are gone */
	_Alignas(16) struct slot slots[TABLE_SLOTS];
};

_Static_assert(sizeof(struct table) <= TABLE_BYTES, "a table is 2 KiB");

struct directory {
	struct store_dead dead;
	_Atomic uint64_t tables[];
};

/* A directory and, in the low bits of its offset, the logarithm of its length. */
struct place {
	struct directory *directory;
	uint64_t mask;
};

static struct place
place_of(const struct store *s, unsigned shard)
{
	uint64_t word = atomic_load(&s->map->directories[shard]);
	uint64_t bits = word % STORE_UNIT;

	return (struct place){ store_at(s, word - bits), (UINT64_C(1) << bits) - 1 };
}

static uint64_t
number_of(uint64_t hash)
{
	return hash / STORE_SHARDS;
}

static struct table *
table_of(const struct store *s, uint64_t hash)
{
	struct place p = place_of(s, store_shard_of(hash));

	return store_at(s, atomic_load(&p.directory->tables[number_of(hash) & p.mask]));
}

static uint32_t
first_slot(uint64_t hash)
{
	return (uint32_t)((hash >> 32) * TABLE_SLOTS >> 32);
}

static uint32_t
after(uint32_t i)
{
	return i + 1 < TABLE_SLOTS ? i + 1 : 0;
}

/* ---- memory ------------------------------------------------------------------------------------- */

static uint64_t
directory_units(uint64_t bits)
{
	return store_units(sizeof(struct directory) + (sizeof(uint64_t) << bits));
}

/* Cleared, and not to be seen by readers yet; NULL: no room. */
static void *
take_cleared(struct store *s, uint64_t units)
{
	uint64_t at = store_arena_take(&s->arena, units);

	if (!at)
		return NULL;
	memset(store_at(s, at), 0, units * STORE_UNIT);
	struct store_dead *d = store_at(s, at);
	d->units = (uint32_t)units;
	return d;
}

static struct table *
take_table(struct store *s)
{
	return take_cleared(s, store_units(TABLE_BYTES));
}

int
store_index_init(struct store *s)
{
	for (unsigned i = 0; i < STORE_SHARDS; i++) {
		struct directory *d = take_cleared(s, directory_units(0));
		struct table *t = take_table(s);
		if (!d || !t)
			return -ENOSPC;
		d->tables[0] = store_offset(s, t);
		s->map->directories[i] = store_offset(s, d);
	}
	return 0;
}

/* ---- find --------------------------------------------------------------------------------------- */

static bool
same_key(const struct store_object *o, struct text key)
{
	struct text own = store_key(o);

	return own.size == key.size && memcmp(own.at, key.at, key.size) == 0;
}

/* The slot of a key; NULL: none, and then in *ret_vacant one to put it, if there is any. */
static struct slot *
find_slot(const struct store *s, struct table *t, struct store_hash hash, struct text key,
    struct slot **ret_vacant)
{
	uint32_t i = first_slot(hash.low);

	*ret_vacant = NULL;
	for (uint32_t n = 0; n < TABLE_SLOTS; n++, i = after(i)) {
		struct slot *slot = &t->slots[i];
		uint64_t at = atomic_load(&slot->at);
		if (at <= SLOT_GONE && !*ret_vacant)
			*ret_vacant = slot;
		if (at == SLOT_FREE)
			return NULL;
		if (at == SLOT_GONE || atomic_load(&slot->hash) != hash.high)
			continue;
		if (same_key(store_object_at(s, at), key))
			return slot;
	}
	return NULL;
}

struct store_object *
store_index_find(const struct store *s, struct store_hash hash, struct text key)
{
	struct slot *vacant, *slot = find_slot(s, table_of(s, hash.low), hash, key, &vacant);
	uint64_t at = slot ? atomic_load(&slot->at) : SLOT_FREE;

	/* Meanwhile it may have become another key's. */
	if (at <= SLOT_GONE || !same_key(store_object_at(s, at), key))
		return NULL;
	return store_object_at(s, at);
}

/* ---- growth ------------------------------------------------------------------------------------- */

static void
put(struct table *t, uint64_t at, uint64_t low, uint64_t high)
{
	uint32_t i = first_slot(low);

	while (t->slots[i].at)
		i = after(i);
	t->slots[i].hash = high;
	t->slots[i].at = at;
	t->keys++;
	t->used++;
}

/* What is in `from`, without gaps, in one table or by its next bit in two. */
static void
copy_slots(const struct store *s, const struct table *from, struct table *to[2])
{
	for (uint32_t i = 0; i < TABLE_SLOTS; i++) {
		uint64_t at = from->slots[i].at;
		if (at <= SLOT_GONE)
			continue;
		const struct store_object *o = store_object_at(s, at);
		put(to[number_of(o->hash) >> from->bits & 1], at, o->hash, o->node.hash);
	}
}

/* A directory of twice the length that leads to the same tables. */
static bool
double_directory(struct store *s, unsigned shard)
{
	struct place p = place_of(s, shard);
	uint64_t bits = s->map->directories[shard] % STORE_UNIT + 1;
	struct directory *d = bits > MOST_BITS ? NULL : take_cleared(s, directory_units(bits));

	if (!d)
		return false;
	for (uint64_t i = 0; i < UINT64_C(1) << bits; i++)
		d->tables[i] = atomic_load(&p.directory->tables[i & p.mask]);
	atomic_store(&s->map->directories[shard], store_offset(s, d) | bits);
	store_limbo_add(s, &p.directory->dead);
	return true;
}

/* A table with room for more keys in the place of this one: two, or one without slots that are gone. */
static void
rebuild(struct store *s, struct table *t, uint64_t hash)
{
	unsigned shard = store_shard_of(hash);
	bool split = t->keys * 2 > TABLE_SLOTS;

	if (split && place_of(s, shard).mask >> t->bits == 0 && !double_directory(s, shard))
		return;
	struct table *to[2] = { take_table(s), NULL };
	to[1] = split && to[0] ? take_table(s) : to[0];
	if (!to[1]) {
		if (to[0])
			store_arena_give(&s->arena, store_offset(s, to[0]), to[0]->dead.units);
		return;
	}
	to[0]->bits = to[1]->bits = t->bits + split;
	copy_slots(s, t, to);
	struct place p = place_of(s, shard);
	uint64_t step = UINT64_C(1) << t->bits;
	for (uint64_t i = number_of(hash) & (step - 1); i <= p.mask; i += step)
		atomic_store(&p.directory->tables[i], store_offset(s, to[i >> t->bits & 1]));
	store_limbo_add(s, &t->dead);
}

int
store_index_add(struct store_worker *w, struct store_object *o)
{
	struct store *s = w->store;
	struct store_hash hash = { o->hash, o->node.hash };
	struct table *t = table_of(s, o->hash);
	struct slot *vacant, *slot = find_slot(s, t, hash, store_key(o), &vacant);

	if (slot) {
		atomic_store(&o->next_variant, atomic_load(&slot->at));
		atomic_store(&slot->at, store_offset(s, o));
		return 0;
	}
	if ((t->used + 1) * 5 > TABLE_SLOTS * 4) {
		rebuild(s, t, o->hash);
		t = table_of(s, o->hash);
		find_slot(s, t, hash, store_key(o), &vacant);
	}
	if (!vacant)
		return -ENOSPC;
	t->used += vacant->at == SLOT_FREE;
	t->keys++;
	atomic_store(&vacant->hash, hash.high);
	atomic_store(&vacant->at, store_offset(s, o));
	return 0;
}

/* ---- removal ------------------------------------------------------------------------------------ */

/* Who points at `o`: a slot, or the variant that came after it. */
static _Atomic uint64_t *
link_to(const struct store *s, struct slot *slot, uint64_t at)
{
	_Atomic uint64_t *link = &slot->at;

	while (*link != at)
		link = &store_object_at(s, *link)->next_variant;
	return link;
}

/* The last variant of a key is gone. At the end of a row of slots nobody need look further. */
static void
vacate(struct table *t, struct slot *slot)
{
	t->keys--;
	atomic_store(&slot->at, SLOT_GONE);
	uint32_t i = (uint32_t)(slot - t->slots);
	if (t->slots[after(i)].at != SLOT_FREE)
		return;
	while (t->slots[i].at == SLOT_GONE) {
		atomic_store(&t->slots[i].at, SLOT_FREE);
		t->used--;
		i = i ? i - 1 : TABLE_SLOTS - 1;
	}
}

void
store_index_replace(struct store_worker *w, struct store_object *old, struct store_object *o)
{
	struct store *s = w->store;
	struct table *t = table_of(s, old->hash);
	struct slot *vacant;
	struct slot *slot =
	    find_slot(s, t, (struct store_hash){ old->hash, old->node.hash }, store_key(old), &vacant);
	_Atomic uint64_t *link = link_to(s, slot, store_offset(s, old));
	uint64_t next = atomic_load(&old->next_variant);

	if (o) {
		atomic_store(&o->next_variant, next);
		next = store_offset(s, o);
	}
	if (!next && link == &slot->at)
		vacate(t, slot);
	else
		atomic_store(link, next);
	atomic_fetch_or(&old->flags, STORE_DEAD);
	store_lock(&s->policy_lock);
	store_policy_drop(&s->policy, store_offset(s, &old->node));
	store_unlock(&s->policy_lock);
	store_limbo_add(s, &old->dead);
}

/* ---- walk --------------------------------------------------------------------------------------- */

bool
store_index_walk(struct store_worker *w, unsigned shard, uint64_t *step,
    void (*visit)(struct store_worker *w, struct store_object *newest, int64_t arg), int64_t arg)
{
	struct store *s = w->store;
	struct place p = place_of(s, shard);

	for (; *step <= p.mask; ++*step) {
		struct table *t = store_at(s, atomic_load(&p.directory->tables[*step]));
		/* Several places of the directory may lead to it: the first counts. */
		if (*step >> t->bits)
			continue;
		for (uint32_t i = 0; i < TABLE_SLOTS; i++)
			if (t->slots[i].at > SLOT_GONE)
				visit(w, store_object_at(s, t->slots[i].at), arg);
		++*step;
		return true;
	}
	return false;
}

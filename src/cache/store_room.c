/* SPDX-License-Identifier: MIT */
/* Memory: a part is kept free ahead, because what is evicted can be used again only when all workers
 * have turned. */
#include "cache/store_int.h"

#define PIECES      16   /* that a block may have to be in; 8 keep 3 % less of the memory in use */
#define EVICT_AHEAD 2    /* objects, when it was in more */

/* What its end will free, if nobody holds it. */
static uint64_t
units_with_body(const struct store_dead *d)
{
	return d->is_object ? ((const struct store_object *)(const void *)d)->node.bytes / STORE_UNIT : d->units;
}

void
store_limbo_add(struct store *s, struct store_dead *d)
{
	uint64_t at = store_offset(s, d);

	d->next = 0;
	store_lock(&s->limbo_lock);
	d->stamp = store_clock_stamp(&s->clock);
	if (s->limbo_last)
		((struct store_dead *)store_at(s, s->limbo_last))->next = at;
	else
		s->limbo_first = at;
	s->limbo_last = at;
	atomic_fetch_add_explicit(&s->limbo_units, units_with_body(d), memory_order_relaxed);
	store_unlock(&s->limbo_lock);
}

void
store_limbo_free(struct store *s)
{
	if (!atomic_load_explicit(&s->limbo_units, memory_order_relaxed))
		return;
	store_lock(&s->limbo_lock);
	uint64_t seen = store_seen_by_all(s->seen, atomic_load(&s->seats), &s->clock);
	while (s->limbo_first) {
		uint64_t at = s->limbo_first;
		const struct store_dead *d = store_at(s, at);
		if (d->stamp > seen)
			break;
		s->limbo_first = d->next;
		atomic_fetch_sub_explicit(&s->limbo_units, units_with_body(d), memory_order_relaxed);
		if (d->is_object)
			store_object_unref(s, at);
		else
			store_arena_give(&s->arena, at, d->units);
	}
	if (!s->limbo_first)
		s->limbo_last = 0;
	store_unlock(&s->limbo_lock);
}

static bool
evict_one(struct store_worker *w)
{
	struct store *s = w->store;

	store_lock(&s->policy_lock);
	uint64_t at = store_policy_victim(&s->policy);
	store_unlock(&s->policy_lock);
	if (!at)
		return false;
	/* Whoever else takes it out meanwhile, it stays readable until this worker turns. */
	struct store_object *o = store_object_at(s, at - offsetof(struct store_object, node));
	store_shard_lock(s, o->hash);
	if (!store_has_flag(o, STORE_DEAD)) {
		store_index_replace(w, o, NULL);
		store_count_one(w, STORE_EVICTED);
	}
	store_shard_unlock(s, o->hash);
	return true;
}

static uint64_t
useful_units(const struct store *s)
{
	return atomic_load_explicit(&s->arena.state->useful_units, memory_order_relaxed);
}

static void
make_room(struct store_worker *w, uint64_t units)
{
	struct store *s = w->store;
	uint64_t wanted = units + s->margin_units;

	while (useful_units(s) + atomic_load_explicit(&s->limbo_units, memory_order_relaxed) < wanted &&
	    evict_one(w))
		;
	if (useful_units(s) < wanted)
		store_limbo_free(s);
}

uint64_t
store_take_some(struct store_worker *w, uint64_t units, uint64_t least, uint64_t *ret_units)
{
	struct store *s = w->store;

	make_room(w, units);
	uint64_t got = units, at = store_arena_take(&s->arena, got);
	while (!at && got / 2 >= least) {
		got /= 2;
		at = store_arena_take(&s->arena, got);
	}
	/* Enough is free, but in small pieces: larger ones will be when the workers have turned. */
	if (!at || got * PIECES < units)
		for (int i = 0; i < EVICT_AHEAD && evict_one(w); i++)
			;
	*ret_units = got;
	return at;
}

uint64_t
store_take(struct store_worker *w, uint64_t units)
{
	uint64_t got;

	return store_take_some(w, units, units, &got);
}

/* SPDX-License-Identifier: MIT */
#include "cache/store_int.h"

#define SWEEP_NS 1000000    /* at most one sweep a worker in so long */

/* Takes the variants of one key out that are of no use any more. */
static void
sweep_key(struct store_worker *w, struct store_object *o, int64_t now_ns)
{
	struct store *s = w->store;

	for (struct store_object *next; o; o = next) {
		uint64_t at = atomic_load(&o->next_variant);
		next = at ? store_object_at(s, at) : NULL;
		if (store_state_of(o) == STORE_FILLING)
			continue;
		bool expired = o->expires_ns <= now_ns;
		if (!expired && !store_is_purged(s, o))
			continue;
		store_index_replace(w, o, NULL);
		store_count_one(w, expired ? STORE_EXPIRED : STORE_PURGED);
	}
}

/* Looks at a table of the index and takes out what expired or was purged. */
static void
sweep(struct store_worker *w, int64_t now_ns)
{
	struct store *s = w->store;

	if (!store_try_lock(&s->sweep_lock))
		return;
	unsigned shard = (unsigned)s->sweep_shard;
	store_shard_lock(s, shard);
	bool more = store_index_walk(w, shard, &s->sweep_step, sweep_key, now_ns);
	store_shard_unlock(s, shard);
	if (!more) {
		s->sweep_step = 0;
		s->sweep_shard = (s->sweep_shard + 1) % STORE_SHARDS;
	}
	store_unlock(&s->sweep_lock);
}

void
store_turn(struct store_worker *w, int64_t now_ns)
{
	store_seen_now(w->seen, &w->store->clock);
	store_limbo_free(w->store);
	store_learn_hits(w);
	if (now_ns < w->sweep_due_ns)
		return;
	w->sweep_due_ns = now_ns + SWEEP_NS;
	sweep(w, now_ns);
}

/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "cache/store_int.h"

static bool
fits(const struct store_ask *ask, const struct store_object *o)
{
	struct text vary = store_vary(o);

	return !vary.size || (ask->match && ask->match(ask->ctx, vary));
}

/* Notes what one variant means for the question; true: the ones behind it add nothing. */
static bool
consider(const struct store_object *o, enum store_state state, struct store_found *found)
{
	if (state == STORE_FILLING) {
		if (!found->flight)
			found->flight = o->flight;
		if (found->state == STORE_ABSENT) {
			found->state = STORE_FILLING;
			found->object = o->head_bytes ? o : NULL;
		}
		return false;
	}
	found->state = state;
	found->object = state == STORE_FOUND ? o : NULL;
	found->until_ns = o->expires_ns;
	found->soft = store_has_flag(o, STORE_SOFT);
	return true;
}

enum store_state
store_find(struct store_worker *w, const struct store_ask *ask, struct store_found *ret)
{
	struct store *s = w->store;
	struct store_hash hash = store_hash_of(s, ask->key);
	struct store_object *o = store_index_find(s, hash, ask->key);

	assert(store_is_awake(w));
	*ret = (struct store_found){ 0 };
	while (o) {
		enum store_state state = store_state_of(o);
		uint64_t next = atomic_load(&o->next_variant);
		bool over = state != STORE_FILLING && o->expires_ns <= ask->now_ns;
		if (!over && fits(ask, o) && !store_is_purged(s, o) && consider(o, state, ret)) {
			store_node_touch(&o->node);
			if (state == STORE_FOUND)
				store_learn_hit(w, o, hash.high);
			break;
		}
		o = next ? store_object_at(s, next) : NULL;
	}
	store_count_one(w, ret->state == STORE_FOUND ? STORE_HITS : STORE_MISSES);
	return ret->state;
}

struct text
store_vary_of_key(struct store_worker *w, struct text key)
{
	struct store *s = w->store;
	struct store_object *o = store_index_find(s, store_hash_of(s, key), key);

	while (o) {
		struct text vary = store_vary(o);
		uint64_t next = atomic_load(&o->next_variant);
		if (vary.size)
			return vary;
		o = next ? store_object_at(s, next) : NULL;
	}
	return (struct text){ 0 };
}

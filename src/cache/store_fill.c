/* SPDX-License-Identifier: MIT */
/* From a miss to an object. A fill stands in the index as an object from its first moment: first one
 * without a head, then one with it, whose body grows. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "cache/store_int.h"

static bool
same_vary(const struct store_object *a, const struct store_object *b)
{
	struct text x = store_vary(a), y = store_vary(b);

	return x.size == y.size && (!x.size || memcmp(x.at, y.at, x.size) == 0);
}

/* ---- begin -------------------------------------------------------------------------------------- */

/* With the lock. The flight that fills what is asked for already; 0: none. */
static uint64_t
flight_of(const struct store *s, const struct store_ask *ask, struct store_object *o)
{
	while (o) {
		struct text vary = store_vary(o);
		uint64_t next = atomic_load(&o->next_variant);
		bool fits = !vary.size || (ask->match && ask->match(ask->ctx, vary));
		if (store_state_of(o) == STORE_FILLING && fits && !store_is_purged(s, o))
			return o->flight;
		o = next ? store_object_at(s, next) : NULL;
	}
	return 0;
}

/* With the lock: keeps the number of variants of a key within bounds; the oldest goes. */
static int
make_place(struct store_worker *w, struct store_object *o)
{
	struct store_object *oldest = NULL;
	int n = 0;

	for (; o; n++) {
		uint64_t next = atomic_load(&o->next_variant);
		if (store_state_of(o) != STORE_FILLING)
			oldest = o;
		o = next ? store_object_at(w->store, next) : NULL;
	}
	if (n < STORE_VARIANTS_MAX)
		return 0;
	if (!oldest)
		return -ENOSPC;
	store_index_replace(w, oldest, NULL);
	store_count_one(w, STORE_EVICTED);
	return 0;
}

static int
announce(struct store_worker *w, const struct store_ask *ask, struct store_object *o,
    uint64_t *ret_flight)
{
	struct store *s = w->store;
	struct store_hash hash = { o->hash, o->node.hash };

	store_shard_lock(s, hash.low);
	struct store_object *newest = store_index_find(s, hash, ask->key);
	uint64_t flight = flight_of(s, ask, newest);
	bool late = ask->since && ask->since->of_key != atomic_load(store_purges_of_key(s, hash.low));
	int r = flight ? -EBUSY : late ? -ESTALE : make_place(w, newest);
	if (!r)
		r = store_index_add(w, o);
	store_shard_unlock(s, hash.low);
	if (flight)
		*ret_flight = flight;
	return r;
}

int
store_begin(struct store_worker *w, const struct store_ask *ask, struct text vary, uint64_t flight,
    struct store_fill **ret, uint64_t *ret_flight)
{
	struct store *s = w->store;
	struct store_record record = {
		.key = ask->key, .vary = vary, .hash = store_hash_of(s, ask->key), .state = STORE_FILLING,
		.birth = ask->since ? ask->since->purges : atomic_load(&s->purges.number), .flight = flight,
		.expires_ns = INT64_MAX,
	};

	assert(flight && store_is_awake(w));
	if (ask->key.size + vary.size > STORE_RECORD_MAX)
		return -ENOSPC;
	uint64_t at = store_take(w, store_units(sizeof(struct store_fill)));
	uint64_t object = at ? store_object_make(w, &record) : 0;
	int r = -ENOSPC;
	if (object) {
		store_hold(store_object_at(s, object));   /* the fill's */
		r = announce(w, ask, store_object_at(s, object), ret_flight);
		if (r) {
			store_object_unref(s, object);
			store_object_unref(s, object);
		}
	}
	if (r && at)
		store_arena_give(&s->arena, at, 1);
	store_count_one(w, r == -ENOSPC ? STORE_FULL : STORE_FILLS);
	if (r)
		return r;
	*ret = store_at(s, at);
	**ret = (struct store_fill){ .store = s, .object = object, .birth = record.birth };
	return 0;
}

/* ---- head and body ------------------------------------------------------------------------------ */

static int
check_meta(const struct store *s, const struct store_object *o, const struct store_meta *m)
{
	if (m->terms_size > STORE_TERMS_MAX || m->n_tags > STORE_TAGS_MAX || !m->head.size)
		return -EINVAL;
	if (o->key_bytes + m->vary.size + m->head.size > STORE_RECORD_MAX)
		return -EFBIG;
	if (m->body_bytes > 0 && (uint64_t)m->body_bytes > s->settings.max_body_bytes)
		return -EFBIG;
	return 0;
}

/* A successor of the fill's object that is not yet seen by anybody; 0: no room. */
static uint64_t
make_next(struct store_worker *w, const struct store_fill *f, const struct store_meta *m,
    enum store_state state, uint64_t body)
{
	const struct store_object *o = store_object_at(w->store, f->object);
	struct store_record record = {
		.key = store_key(o), .vary = m ? m->vary : store_vary(o), .hash = { o->hash, o->node.hash },
		.meta = m, .state = state, .birth = f->birth, .flight = o->flight, .body = body,
		.expires_ns = m ? m->expires_ns : INT64_MAX,
	};

	return store_object_make(w, &record);
}

/* With the lock: `at` takes the place of the fill's object in the index, and in the fill. When that was
 * purged meanwhile, it is in the fill alone. */
static void
step_forward(struct store_worker *w, struct store_fill *f, uint64_t at)
{
	struct store *s = w->store;
	struct store_object *old = store_object_at(s, f->object), *o = store_object_at(s, at);

	if (store_has_flag(old, STORE_DEAD)) {
		atomic_fetch_or(&o->flags, STORE_DEAD);
	} else {
		store_hold(o);
		store_index_replace(w, old, o);
	}
	store_object_unref(s, f->object);
	f->object = at;
}

int
store_fill_head(struct store_worker *w, struct store_fill *f, const struct store_meta *m)
{
	struct store *s = w->store;
	uint64_t hash = store_object_at(s, f->object)->hash;
	int r = check_meta(s, store_object_at(s, f->object), m);

	uint64_t body = r ? 0 : store_body_make(w, m->body_bytes);
	uint64_t at = body ? make_next(w, f, m, STORE_FILLING, body) : 0;
	if (!at) {
		if (body)
			store_body_unref(s, body);
		if (r != -EINVAL)
			store_count_one(w, STORE_FULL);
		return r ? r : -ENOSPC;
	}
	f->body = body;
	f->expected = m->body_bytes;
	f->cost_us = m->cost_us;
	store_shard_lock(s, hash);
	step_forward(w, f, at);
	store_shard_unlock(s, hash);
	return 0;
}

const struct store_object *
store_fill_object(const struct store_fill *f)
{
	return f->body ? store_object_at(f->store, f->object) : NULL;
}

int
store_append(struct store_worker *w, struct store_fill *f, const void *bytes, size_t size)
{
	const struct store_body *b = store_at(w->store, f->body);
	uint64_t there = atomic_load_explicit(&b->bytes, memory_order_relaxed);
	int r = -EFBIG;

	if (there + size <= w->store->settings.max_body_bytes)
		r = store_body_append(w, f->body, f->expected, bytes, size);
	if (r)
		store_count_one(w, STORE_FULL);
	return r;
}

/* ---- ends --------------------------------------------------------------------------------------- */

static void
end(struct store_worker *w, struct store_fill *f, enum store_counter how)
{
	struct store *s = w->store;

	store_object_unref(s, f->object);
	store_arena_give(&s->arena, store_offset(s, f), 1);
	store_count_one(w, how);
}

static float
value_of(const struct store *s, const struct store_object *o, uint64_t cost_us)
{
	switch (s->settings.value) {
	case STORE_VALUE_BYTES:
		return (float)o->node.bytes;
	case STORE_VALUE_COST:
		return cost_us ? (float)cost_us : 1;
	default:
		return 1;
	}
}

/* With the lock: `o` is there for all, and may be evicted from now on. */
static void
publish(struct store_worker *w, struct store_object *o, enum store_state state, uint64_t cost_us)
{
	struct store *s = w->store;

	if (store_has_flag(o, STORE_DEAD))
		return;
	if (o->body) {
		const struct store_body *b = store_at(s, o->body);
		o->node.bytes += atomic_load_explicit(&b->units, memory_order_relaxed) * STORE_UNIT;
	}
	o->value = value_of(s, o, cost_us);
	atomic_store_explicit(&o->state, (uint8_t)state, memory_order_release);
	store_learn_new(s, o);
}

/* With the lock: what `o` stands in for now goes: older answers to the same requests, and the note that
 * they were not worth keeping. */
static void
supersede(struct store_worker *w, const struct store_object *o)
{
	uint64_t at = atomic_load(&o->next_variant);

	if (store_has_flag(o, STORE_DEAD))
		return;
	while (at) {
		struct store_object *older = store_object_at(w->store, at);
		at = atomic_load(&older->next_variant);
		if (store_state_of(older) != STORE_FILLING && same_vary(o, older))
			store_index_replace(w, older, NULL);
	}
}

void
store_finish(struct store_worker *w, struct store_fill *f)
{
	struct store *s = w->store;
	struct store_object *o = store_object_at(s, f->object);

	store_body_end(s, f->body, STORE_WHOLE);
	store_shard_lock(s, o->hash);
	publish(w, o, STORE_FOUND, f->cost_us);
	supersede(w, o);
	store_shard_unlock(s, o->hash);
	end(w, f, STORE_FINISHED);
}

void
store_abort(struct store_worker *w, struct store_fill *f)
{
	struct store *s = w->store;
	struct store_object *o = store_object_at(s, f->object);

	if (f->body)
		store_body_end(s, f->body, STORE_BROKEN);
	store_shard_lock(s, o->hash);
	if (!store_has_flag(o, STORE_DEAD))
		store_index_replace(w, o, NULL);
	store_shard_unlock(s, o->hash);
	end(w, f, STORE_ABORTED);
}

/* What the fill ends in, without a body that arrives. */
static void
conclude(struct store_worker *w, struct store_fill *f, uint64_t at, enum store_state state)
{
	struct store *s = w->store;
	struct store_object *o = store_object_at(s, at);

	if (f->body)
		store_body_end(s, f->body, STORE_BROKEN);
	store_shard_lock(s, o->hash);
	step_forward(w, f, at);
	publish(w, o, state, f->cost_us);
	supersede(w, o);
	store_shard_unlock(s, o->hash);
}

void
store_refuse(struct store_worker *w, struct store_fill *f, int64_t until_ns)
{
	uint64_t at = make_next(w, f, NULL, STORE_UNCACHEABLE, 0);

	if (!at) {
		store_abort(w, f);
		return;
	}
	store_object_at(w->store, at)->expires_ns = until_ns;
	conclude(w, f, at, STORE_UNCACHEABLE);
	end(w, f, STORE_REFUSED);
}

int
store_renew(struct store_worker *w, struct store_fill *f, const struct store_object *old,
    const struct store_meta *m)
{
	struct store *s = w->store;
	struct store_body *b = store_at(s, old->body);
	int r = check_meta(s, old, m);
	uint64_t bytes, at = 0;

	if (!r && store_body(w, old, &bytes) != STORE_WHOLE)
		r = -EINVAL;
	if (!r) {
		at = make_next(w, f, m, STORE_FILLING, old->body);
		r = at ? 0 : -ENOSPC;
	}
	if (r) {
		store_abort(w, f);
		return r;
	}
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	f->cost_us = m->cost_us;
	conclude(w, f, at, STORE_FOUND);
	end(w, f, STORE_RENEWED);
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <xxhash.h>

#include "cache/store_int.h"

struct store_hash
store_hash_of(const struct store *s, struct text key)
{
	XXH128_hash_t h = XXH3_128bits_withSecret(key.at, key.size, s->map->secret, STORE_SECRET);

	return (struct store_hash){ h.low64, h.high64 };
}

static size_t
terms_room(const struct store_object *o)
{
	return ((size_t)o->terms_bytes + 15) & ~(size_t)15;
}

const uint32_t *
store_tags(const struct store_object *o)
{
	return (const void *)(o->data + terms_room(o));
}

static const char *
texts_of(const struct store_object *o)
{
	return (const char *)(store_tags(o) + o->n_tags);
}

struct text
store_key(const struct store_object *o)
{
	return (struct text){ texts_of(o), o->key_bytes };
}

struct text
store_vary(const struct store_object *o)
{
	return (struct text){ texts_of(o) + o->key_bytes, o->vary_bytes };
}

struct text
store_head(const struct store_object *o)
{
	return (struct text){ texts_of(o) + o->key_bytes + o->vary_bytes, o->head_bytes };
}

const void *
store_terms(const struct store_object *o)
{
	return o->data;
}

unsigned
store_hits(const struct store_object *o)
{
	return atomic_load_explicit(&o->node.hits, memory_order_relaxed);
}

static void
write_data(const struct store *s, struct store_object *o, const struct store_record *r)
{
	const struct store_meta *m = r->meta;
	uint32_t *tags = (void *)(o->data + terms_room(o));

	if (m && m->terms_size)
		memcpy(o->data, m->terms, m->terms_size);
	for (size_t i = 0; i < o->n_tags; i++)
		tags[i] = store_tag_slot(s, m->tags[i]);
	char *at = (char *)(tags + o->n_tags);
	memcpy(at, r->key.at, r->key.size);
	if (r->vary.size)
		memcpy(at + r->key.size, r->vary.at, r->vary.size);
	if (m && m->head.size)
		memcpy(at + r->key.size + r->vary.size, m->head.at, m->head.size);
}

static uint64_t
record_bytes(const struct store_record *r)
{
	uint64_t fixed = sizeof(struct store_object) + r->key.size + r->vary.size;

	if (!r->meta)
		return fixed;
	return fixed + ((r->meta->terms_size + 15) & ~(size_t)15) + r->meta->n_tags * sizeof(uint32_t) +
	    r->meta->head.size;
}

uint64_t
store_object_make(struct store_worker *w, const struct store_record *r)
{
	struct store *s = w->store;
	uint64_t units = store_units(record_bytes(r));
	uint64_t at = store_take(w, units);

	if (!at)
		return 0;
	struct store_object *o = store_object_at(s, at);
	*o = (struct store_object){
		.node = { .hash = r->hash.high, .bytes = units * STORE_UNIT }, .hash = r->hash.low, .birth = r->birth,
		.checked = r->birth, .body = r->body, .flight = r->flight, .expires_ns = r->expires_ns,
		.dead = { .units = (uint32_t)units, .is_object = true }, .refs = 1, .key_bytes = (uint32_t)r->key.size,
		.vary_bytes = (uint32_t)r->vary.size, .state = (uint8_t)r->state,
	};
	if (r->meta) {
		o->head_bytes = (uint32_t)r->meta->head.size;
		o->n_tags = (uint8_t)r->meta->n_tags;
		o->terms_bytes = (uint8_t)r->meta->terms_size;
	}
	write_data(s, o, r);
	atomic_fetch_add_explicit(&s->map->objects, 1, memory_order_relaxed);
	return at;
}

void
store_object_unref(struct store *s, uint64_t at)
{
	struct store_object *o = store_object_at(s, at);

	if (atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) > 1)
		return;
	if (o->body)
		store_body_unref(s, o->body);
	if (!store_has_flag(o, STORE_FORM))
		atomic_fetch_sub_explicit(&s->map->objects, 1, memory_order_relaxed);
	store_arena_give(&s->arena, at, o->dead.units);
}

void
store_hold(const struct store_object *o)
{
	/* Who may see it knows that the index's reference lasts at least until this turn ends. */
	atomic_fetch_add_explicit(&((struct store_object *)o)->refs, 1, memory_order_relaxed);
}

void
store_release(struct store_worker *w, const struct store_object *o)
{
	store_object_unref(w->store, store_offset(w->store, o));
}

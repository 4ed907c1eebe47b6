/* SPDX-License-Identifier: MIT */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a: short keys, not attacker-sized tables. */
static uint32_t
hash_bytes(const void *key, size_t size)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < size; i++)
		h = (h ^ ((const unsigned char *)key)[i]) * 0x100000001b3u;
	return (uint32_t)(h ^ h >> 32);
}

static struct map_slot *
slot_for(const struct map *m, const void *key, size_t size, uint32_t hash)
{
	for (size_t i = hash;; i++) {
		struct map_slot *s = &m->slots[i & (m->capacity - 1)];
		if (!s->key || (s->hash == hash && s->key_size == size && memcmp(s->key, key, size) == 0))
			return s;
	}
}

static void
grow(struct map *m)
{
	struct map old = *m;

	m->capacity = old.capacity ? old.capacity * 2 : 64;
	m->slots = calloc(m->capacity, sizeof(*m->slots));
	if (!m->slots)
		abort();
	for (size_t i = 0; i < old.capacity; i++)
		if (old.slots[i].key)
			*slot_for(m, old.slots[i].key, old.slots[i].key_size, old.slots[i].hash) =
			    old.slots[i];
	free(old.slots);
}

uint64_t *
map_at(struct map *m, const void *key, size_t key_size, bool *ret_new)
{
	if (m->count * 10 >= m->capacity * 7)
		grow(m);
	uint32_t hash = hash_bytes(key, key_size);
	struct map_slot *s = slot_for(m, key, key_size, hash);
	if (ret_new)
		*ret_new = !s->key;
	if (!s->key) {
		s->key = malloc(key_size ? key_size : 1);
		if (!s->key)
			abort();
		memcpy(s->key, key, key_size);
		s->key_size = (uint32_t)key_size;
		s->hash = hash;
		m->count++;
	}
	return &s->value;
}

uint64_t *
map_find(const struct map *m, const void *key, size_t key_size)
{
	if (!m->count)
		return NULL;
	struct map_slot *s = slot_for(m, key, key_size, hash_bytes(key, key_size));
	return s->key ? &s->value : NULL;
}

const struct map_slot *
map_next(const struct map *m, size_t *i)
{
	while (*i < m->capacity) {
		const struct map_slot *s = &m->slots[(*i)++];
		if (s->key)
			return s;
	}
	return NULL;
}

void
map_done(struct map *m)
{
	for (size_t i = 0; i < m->capacity; i++)
		free(m->slots[i].key);
	free(m->slots);
	*m = (struct map){ 0 };
}

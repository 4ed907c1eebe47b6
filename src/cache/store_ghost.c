/* SPDX-License-Identifier: MIT */
#include "cache/store_ghost.h"

static uint64_t
buckets_for(uint64_t keys)
{
	uint64_t n = 1;

	while (n * STORE_GHOST_WAYS < keys)
		n *= 2;
	return n;
}

uint64_t
store_ghost_bytes(uint64_t keys)
{
	return buckets_for(keys) * STORE_GHOST_WAYS * sizeof(struct store_ghost_entry);
}

void
store_ghost_init(struct store_ghost *g, void *zeroed, uint64_t keys)
{
	*g = (struct store_ghost){ .entries = zeroed, .buckets = buckets_for(keys) };
}

static uint32_t
print_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

static struct store_ghost_entry *
bucket_of(struct store_ghost *g, uint64_t hash)
{
	return g->entries + (hash & (g->buckets - 1)) * STORE_GHOST_WAYS;
}

void
store_ghost_add(struct store_ghost *g, uint64_t hash)
{
	struct store_ghost_entry *e = bucket_of(g, hash), *oldest = e;

	for (int i = 0; i < STORE_GHOST_WAYS; i++) {
		if (!e[i].print || e[i].print == print_of(hash)) {
			oldest = e + i;
			break;
		}
		if (g->made - e[i].born > g->made - oldest->born)
			oldest = e + i;
	}
	*oldest = (struct store_ghost_entry){ print_of(hash), g->made++ };
}

bool
store_ghost_take(struct store_ghost *g, uint64_t hash, uint64_t window)
{
	struct store_ghost_entry *e = bucket_of(g, hash);

	for (int i = 0; i < STORE_GHOST_WAYS; i++)
		if (e[i].print == print_of(hash)) {
			bool recent = g->made - e[i].born <= window;
			e[i].print = 0;
			return recent;
		}
	return false;
}

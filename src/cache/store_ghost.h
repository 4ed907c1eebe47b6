/* SPDX-License-Identifier: MIT */
/* Keys that were thrown out not long ago, as fingerprints: a key that comes back while it is
 * here was thrown out too early. A table of buckets; what is older than the window counts as
 * absent and is overwritten first. The caller locks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define STORE_GHOST_WAYS 8

struct store_ghost_entry {
	uint32_t print;    /* 0: empty */
	uint32_t born;     /* count of entries made before it */
};

struct store_ghost {
	struct store_ghost_entry *entries;
	uint64_t buckets;    /* a power of two */
	uint32_t made;
};

/* Bytes of a table for so many keys. */
uint64_t store_ghost_bytes(uint64_t keys);
void store_ghost_init(struct store_ghost *g, void *zeroed, uint64_t keys);

void store_ghost_add(struct store_ghost *g, uint64_t hash);
/* Was it added as one of the last `window`? Then it is removed. */
bool store_ghost_take(struct store_ghost *g, uint64_t hash, uint64_t window);

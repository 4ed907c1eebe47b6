/* SPDX-License-Identifier: MIT */
/* Hash map from byte keys to a 64-bit value (an index, a count, a pointer).
 *
 * Keys are copied. Open addressing, grows at 70 %. Zero-initialise to use. One thread at a time.
 * Out of memory aborts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
	void *key;          /* NULL: empty */
	uint32_t key_size;
	uint32_t hash;
	uint64_t value;
};

struct map {
	struct map_slot *slots;
	size_t capacity;    /* power of two, or 0 */
	size_t count;
};

/* The value's place for `key`, made with value 0 when absent (then *ret_new is true). The
 * pointer lives until the next map_at. ret_new may be NULL. */
uint64_t *map_at(struct map *m, const void *key, size_t key_size, bool *ret_new);
/* NULL when absent. */
uint64_t *map_find(const struct map *m, const void *key, size_t key_size);
/* Walk: start with i = 0; NULL at the end. Order is arbitrary. */
const struct map_slot *map_next(const struct map *m, size_t *i);
void map_done(struct map *m);

/* SPDX-License-Identifier: MIT */
/* Memory of a fixed size: a buddy system (Knuth, TAOCP 1, 2.5) that gives the tail of a block back at
 * once. A block of n units therefore costs n units, and what is freed grows together again
 * by itself, so no size of object can wear the memory out for the others.
 *
 * All state is in the memory itself, as offsets from its base; 0 is none. Any thread. */
#pragma once

#include <pthread.h>
#include <stdint.h>

#define STORE_UNIT         128
#define STORE_ORDERS       15                                  /* blocks of 1 to 2^14 units */
#define STORE_SEGMENT      ((uint64_t)STORE_UNIT << (STORE_ORDERS - 1))   /* 2 MiB: the longest block */

/* In the memory. */
struct store_arena_state {
	uint64_t free[STORE_ORDERS];     /* lists of free blocks */
	uint64_t units;                  /* all */
	_Atomic uint64_t free_units;
};

struct store_arena {
	unsigned char *base;
	struct store_arena_state *state;
	uint8_t *marks;                  /* a byte a unit: on the first one of a free block its order */
	pthread_mutex_t lock;
};

static inline uint64_t
store_units(uint64_t bytes)
{
	return (bytes + STORE_UNIT - 1) / STORE_UNIT;
}

/* Everything from `first` to the end of the memory becomes free. `marks` are zeros, one a unit. */
void store_arena_init(struct store_arena *a, unsigned char *base, struct store_arena_state *state,
    uint8_t *marks, uint64_t first_at, uint64_t size);
void store_arena_done(struct store_arena *a);

/* Offset of so many units in a row, not cleared; 0: there are none. At most STORE_SEGMENT. */
uint64_t store_arena_take(struct store_arena *a, uint64_t units);
/* Frees a block, or any part of one. */
void store_arena_give(struct store_arena *a, uint64_t at, uint64_t units);

/* SPDX-License-Identifier: MIT */
/* Memory of a fixed size, in units. What is freed grows together with its free neighbours at once
 * (boundary tags: Knuth, TAOCP 1, 2.5), and free blocks hang in lists by size, of which the first that
 * fits is found by bit maps (Masmano, Ripoll, Crespo, Real, "TLSF", ECRTS 2004). So blocks of any size
 * serve one another, and no kind of object can wear the memory out for the others.
 *
 * All state is in the memory itself, as offsets from its base; 0 is none. Any thread. */
#pragma once

#include <pthread.h>
#include <stdint.h>

#define STORE_UNIT    128
#define STORE_DOUBLES 36     /* sizes of 2^0 to 2^35 units, */
#define STORE_FINE    8      /* each doubling in so many lists */
#define STORE_USEFUL  8      /* units: shorter holes fit nothing but by luck */

/* In the memory. */
struct store_arena_state {
	uint64_t holes[STORE_DOUBLES][STORE_FINE];   /* lists of free blocks */
	uint64_t some;                               /* doublings that have any, by bits */
	uint8_t some_fine[STORE_DOUBLES];
	uint64_t units;                              /* all */
	_Atomic uint64_t free_units;
	_Atomic uint64_t useful_units;               /* in holes of STORE_USEFUL units and more */
};

struct store_arena {
	unsigned char *base;
	struct store_arena_state *state;
	uint8_t *marks;       /* a byte a unit: where free blocks start and end */
	pthread_mutex_t lock;
};

static inline uint64_t
store_units(uint64_t bytes)
{
	return (bytes + STORE_UNIT - 1) / STORE_UNIT;
}

/* Everything from `first_at` to the end of the memory becomes free. State and marks are zeros; there is
 * a mark for each unit and one more. */
void store_arena_init(struct store_arena *a, unsigned char *base, struct store_arena_state *state,
    uint8_t *marks, uint64_t first_at, uint64_t size);

/* Offset of so many units in a row, not cleared; 0: there are none. */
uint64_t store_arena_take(struct store_arena *a, uint64_t units);
/* Frees a block, or any part of one. */
void store_arena_give(struct store_arena *a, uint64_t at, uint64_t units);

/* SPDX-License-Identifier: MIT */
/* Which tuning of the policy would have had most hits lately? Small copies of the cache, one a tuning,
 * live through a sample of the keys with a share of the memory as large as that of the sample
 * (Waldspurger, Park, Garthwaite, Ahmad, "Efficient MRC construction with SHARDS", FAST 2015; miniature
 * simulation: Waldspurger, Saemundsson, Ahmad, Park, USENIX ATC 2017). The sample shrinks by half when
 * more keys are alive than there is room for, so work and memory are bounded.
 *
 * The caller locks; only store_shadow_samples() needs no lock. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cache/store_policy.h"

#define STORE_TUNINGS 8

/* One key that is alive in a copy. */
struct store_shadow_key {
	uint64_t hash;
	uint32_t next;        /* of its bucket, or the next free one; number + 1, 0: none */
	uint8_t copies;       /* that have it */
};

struct store_shadow {
	/* Read at each hit, so apart from what is written often. */
	_Atomic uint64_t below;          /* sampled: hashes whose upper half is below; 2^32: all */
	uint64_t capacity;               /* bytes of the cache itself */
	struct store_shadow_key *keys;
	uint32_t *buckets;
	uint32_t n_keys, n_buckets;
	_Alignas(64) struct store_policy copies[STORE_TUNINGS];
	double score[STORE_TUNINGS];     /* value of the hits, fading */
	uint32_t free;
	uint32_t asked;                  /* since the last choice */
	unsigned chosen;
};

/* Bytes for a sample of at most so many keys. */
uint64_t store_shadow_bytes(uint32_t keys);
/* `rate`: of the keys that are sampled at most, above 0 to 1. */
void store_shadow_init(struct store_shadow *s, void *zeroed, uint32_t keys, uint64_t capacity,
    double rate);

static inline bool
store_shadow_samples(const struct store_shadow *s, uint64_t hash)
{
	return hash >> 32 < atomic_load_explicit(&s->below, memory_order_relaxed);
}

/* A sampled key was asked for. Returns true when another tuning than before is the best now. */
bool store_shadow_ask(struct store_shadow *s, uint64_t hash, uint64_t bytes, double value);
const struct store_tuning *store_shadow_tuning(const struct store_shadow *s);

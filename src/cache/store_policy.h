/* SPDX-License-Identifier: MIT */
/* What goes when memory is short: S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you
 * need for cache eviction", SOSP 2023). Newcomers wait in a small queue; who was asked for often enough
 * there moves to the main queue, the others leave a ghost. Who comes back as a ghost goes to the main
 * queue at once, where each hit buys another round.
 *
 * On top of it each object has a worth: the logarithm of its value a byte, against the mean of all. It
 * counts like hits, so what is small or dear to fetch needs fewer of them. How large the small queue is
 * and how much worth weighs is the tuning, chosen by store_shadow.h.
 *
 * Knows nothing of what it orders: nodes at offsets from a base. So the benchmark runs the very code
 * that the store runs. The caller locks; only touching needs no lock. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cache/store_ghost.h"

enum store_queue {
	STORE_QUEUE_NONE,
	STORE_QUEUE_SMALL,
	STORE_QUEUE_MAIN,
};

struct store_node {
	uint64_t next, prev;       /* the newer one, the older one */
	uint64_t hash;
	_Atomic uint64_t bytes;    /* once it was added: changed by store_policy_grow alone */
	float worth;               /* doublings of value a byte above the mean; set by store_policy_add */
	_Atomic uint8_t hits;      /* 0 to 3 */
	uint8_t queue;             /* enum store_queue */
};

/* Reads first: the hits of a hot object stay at 3, and its line is written by nobody. */
static inline void
store_node_touch(struct store_node *n)
{
	uint8_t hits = atomic_load_explicit(&n->hits, memory_order_relaxed);

	if (hits < 3)
		atomic_store_explicit(&n->hits, (uint8_t)(hits + 1), memory_order_relaxed);
}

struct store_fifo {
	uint64_t oldest, newest;
	uint64_t bytes, count;
};

struct store_tuning {
	float small_share;         /* of all bytes */
	float promote;             /* hits that lead from the small queue to the main one */
	float worth;               /* hits that a doubling of the value a byte counts for */
	float ghosts;              /* how many keys are remembered, in those of both queues */
	uint8_t rounds;            /* that hits can buy in the main queue at most */
	bool direct;               /* newcomers go to the main queue at once */
};

struct store_policy {
	unsigned char *base;
	struct store_fifo small, main;
	struct store_ghost ghost;
	struct store_tuning tuning;
	double mean;               /* logarithm of value a byte, over the last few hundred newcomers */
	uint64_t added;
};

/* `ghosts`: zeroed memory of store_ghost_bytes(keys). */
void store_policy_init(struct store_policy *p, unsigned char *base, void *ghosts, uint64_t keys);

/* A new node, whose hash and bytes are set. `value` of a hit on it, above 0. */
void store_policy_add(struct store_policy *p, uint64_t at, double value);
/* It is so many bytes larger, in a queue or not; below 0: smaller. */
void store_policy_grow(struct store_policy *p, uint64_t at, int64_t bytes);
/* It is gone for another reason than want of memory; nothing when it is in no queue. */
void store_policy_drop(struct store_policy *p, uint64_t at);
/* Takes out what should go first; 0 when there is nothing. */
uint64_t store_policy_victim(struct store_policy *p);

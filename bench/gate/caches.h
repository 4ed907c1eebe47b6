/* SPDX-License-Identifier: MIT */
/* Caches that keep no objects, only what eviction decides: how many requests of a trace would have
 * been hits within so many bytes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "traces.h"

struct cache_result {
	uint64_t hits;
	double saved;        /* cost of the misses that they would have been */
};

struct cache_kind {
	const char *name;
	/* `by_cost`: hits count by their cost, for those that can tell. */
	struct cache_result (*run)(const struct trace *t, uint64_t capacity, bool by_cost);
};

extern const struct cache_kind cache_kinds[];   /* ends with a name of NULL; LRU first, OPT last */

/* SPDX-License-Identifier: MIT */
/* Caches that keep no objects, only what eviction decides: how many requests of a trace would have
 * been hits within so many bytes. */
#pragma once

#include <stdint.h>

#include "traces.h"

struct cache_result {
	uint64_t hits, hit_bytes;
};

struct cache_kind {
	const char *name;
	struct cache_result (*run)(const struct trace *t, uint64_t capacity);
};

extern const struct cache_kind cache_kinds[];   /* ends with a name of NULL; LRU first, OPT last */

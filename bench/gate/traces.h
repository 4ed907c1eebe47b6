/* SPDX-License-Identifier: MIT */
/* Requests to a cache in the order they came: read from a file, or made up from a seed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trace {
	const char *name;
	uint32_t *ids;       /* of each request: 0 .. n_ids - 1, in the order of first requests */
	uint32_t *sizes;     /* of each id, bytes */
	float *costs;        /* of each id: of a miss */
	size_t n, n_ids;
	uint64_t bytes;      /* of all ids together */
};

/* Costs are made up: log-normal, the same whatever the trace.
 *
 * oracleGeneral (records of 24 bytes: u32 time, u64 id, u32 size, i64 next; little-endian; a file whose
 * name ends in .bin), else lines "id [size]"; without a size each is one byte. */
int trace_read(const char *path, struct trace *ret, struct err *e);

/* Made-up traces by number; NULL behind the last. `sized`: log-normal sizes instead of one byte each. */
const char *trace_name(size_t i);
void trace_make(size_t i, size_t n, int sized, struct trace *ret);

void trace_done(struct trace *t);

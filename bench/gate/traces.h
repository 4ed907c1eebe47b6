/* SPDX-License-Identifier: MIT */
/* Requests to a cache in the order they came: read from a file, or made up from a seed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/map.h"

struct trace {
	const char *name;
	uint32_t *ids;       /* of each request: 0 .. n_ids - 1, in the order of first requests */
	uint32_t *sizes;     /* of each id, bytes */
	float *costs;        /* of each id: of a miss */
	size_t n, n_ids;
	uint64_t bytes;      /* of all ids together */
};

/* Costs are made up: log-normal, the same whatever the trace. */

/* ---- read from a file (trace_read.c) ----
 *
 * oracleGeneral  records of 24 bytes, little-endian: u32 time, u64 id, u32 size, i64 next; names that end in .bin or
 *                .oracleGeneral
 * csv            lines "time,id,size", or with a first line that names columns as Meta's and libCacheSim's have it: key or
 *                obj_id ..., size, key_size, op, op_count; names that end in .csv
 * twitter        lines "time,key,key size,value size,client,operation,TTL"
 * lines          "key [size]"; everything else
 *
 * Only what asks counts as a request (get, GET_LEASE ...), what writes tells a size. Objects without any size have one
 * byte. */
struct trace_how {
	const char *format;              /* one of these; NULL: by the name */
	int id_column, size_column;      /* of csv, from 1; 0: as above; size_column 0 beside an id_column: none */
	bool uniform;                    /* all objects have one byte */
	size_t requests;                 /* no more than so many; 0: all, up to 2^32 */
};

/* `path` "-": what is piped in. -errno with the line or record that is wrong; then *ret is empty. */
int trace_read(const char *path, const struct trace_how *how, struct trace *ret, struct err *e);

/* Numbers that stand for objects, as they come, become 0, 1, 2 ... */
struct trace_intake {
	struct trace *t;
	bool uniform;
	struct map known;
	size_t room, id_room, cost_room;
};

/* A request. `size` 0: not known, the first one that is counts. */
void trace_take(struct trace_intake *in, uint64_t name, uint32_t size);
void trace_know(struct trace_intake *in, uint64_t name, uint32_t size);   /* an object that is not asked for */
void trace_taken(struct trace_intake *in);   /* that was all */

/* ---- made up ---- */

/* Made-up traces by number; NULL behind the last. `sized`: log-normal sizes instead of one byte each. */
const char *trace_name(size_t i);
void trace_make(size_t i, size_t n, int sized, struct trace *ret);

void trace_done(struct trace *t);   /* empty afterwards */

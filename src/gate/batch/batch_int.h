/* SPDX-License-Identifier: MIT */
/* Between the files of batches. */
#pragma once

#include "gate/batch/batch.h"
#include "gate/batch/batch_set.h"

#define BATCHES_MAX       1024                  /* of a worker, being collected and under way */
#define BATCHES_HELD_MAX  ((size_t)64 << 20)    /* bytes of their answers */

struct batch {
	struct client asker;         /* takes the answer in the name of all; first, as that is what is buried */
	struct batches *of;
	struct batch *next, **link;
	const struct gate_route *route;
	struct buf common;           /* what all requests in it have: see batch.c */
	size_t host_size;            /* at its beginning, behind one byte */
	struct batch_set set;
	struct buf head, answer;     /* what has come of it */
};

/* Of a worker. */
struct batches {
	struct gate_worker *w;
	struct batch *collecting, *asked;
	uint32_t n;
	size_t held_bytes;
	struct buf scratch;
	uint32_t under_way[];        /* calls, by route */
};

/* Does the call carry this field of requests? */
bool batch_carries(const struct gate_batch *plan, const char *name);
void batch_unlink(struct batch *b);
void batch_link(struct batch *b, struct batch **list);
/* Nobody waits for it; its memory goes after the turn. */
void batch_bury(struct batch *b);

/* batch_errand.c
 * No more is collected, it goes out, and what comes of it reaches who waits. */
void batch_ask(struct batch *b, enum batch_close why);
/* It has failed: this status for all who wait. */
void batch_fail(struct batch *b, int status, const char *why);

/* SPDX-License-Identifier: MIT */
/* Purges that the stream has taken, until they have come back through it.
 *
 * Redis answers for an entry before its replicas have it: when a primary dies, the one that takes its place may
 * lack the last ones, and whoever has not read them will never (redis.io, "Redis replication": it is asynchronous). So
 * a gate keeps what it has sent until it has read it itself: what a page that was asked for after the answer does not
 * have is lost, and is to be sent again. Replication keeps the order: all before an entry that is there are there, too.
 *
 * Pure; bounded: of too many the eldest are given up. One thread. */
#pragma once

#include "gate/level2/l2_outbox.h"

#define L2_SENT_MAX   1024
#define L2_SENT_EARLY 64      /* entries that were read before their answer had come: as many as are under way */

struct l2_sent {
	struct l2_note *first, *last;
	size_t n;
	uint64_t early[L2_SENT_EARLY];   /* a ring of stamps; 0: none */
	size_t next_early;
};

void l2_sent_done(struct l2_sent *s);

/* It was answered for as the entry `stamp`, after `page` pages had been asked for. The note is the list's. */
void l2_sent_add(struct l2_sent *s, struct l2_note *note, uint64_t stamp, uint64_t page);
/* An own entry was read. */
void l2_sent_seen(struct l2_sent *s, uint64_t stamp);
/* All was read up to page number `page`: one that should have been there, now the caller's; NULL: there is none. */
struct l2_note *l2_sent_lost(struct l2_sent *s, uint64_t page);

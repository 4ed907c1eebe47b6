/* SPDX-License-Identifier: MIT */
/* In how many writes an answer leaves the service. Small pieces wait for each other: Nagle's algorithm
 * (RFC 896) holds the second until the first is acknowledged. */
#include "trace/summary.h"

#define ANSWERS_MIN 20

void
summary_pieces(struct summary *s)
{
	int64_t answers = 0, writes = 0;

	for (size_t i = 0; i < s->a->tape->n; i++) {
		const struct rec *r = tape_at(s->a->tape, i);
		if (r->kind != REC_IO || !(r->flags & IO_WRITE) || !(r->flags & IO_SERVER))
			continue;
		writes++;
		answers += (r->flags & IO_HEAD) != 0;
	}
	if (answers >= ANSWERS_MIN)
		s->r->evidence.trace.pieces = (double)writes / (double)answers;
}

/* SPDX-License-Identifier: MIT */
/* talk: whether who asks over a TCP connection waits for the answer, by what the kernel counts of it.
 *
 * As long as the other side has nothing to say it holds its acknowledgement back, up to 40 ms: so what is
 * not acknowledged is a question under way. Later the times tell, in ticks of the kernel (1 to 10 ms): data
 * went out last. Pure: looks in, verdicts out. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct talk_look {
	uint32_t sent_ago, received_ago;   /* data, ms */
	uint32_t unacked;                  /* segments */
	uint32_t segs_out, segs_in;        /* with data, since the connection was made */
	uint64_t bytes_in;
	uint32_t unsent;                   /* bytes that the network has not taken yet */
};

struct talk {                  /* zeroed: made after looking began */
	struct talk_look first, last;
	int32_t even;              /* segs_out - segs_in when it was idle */
	bool even_known, waits;
};

/* A connection that was there when looking began: what it did before does not count. */
void talk_begin(struct talk *t, const struct talk_look *l);
/* `other_end`: the same connection as the other side's kernel has it, where that is this one; NULL. */
bool talk_waits(struct talk *t, const struct talk_look *l, const struct talk_look *other_end);

/* Questions that were answered: at most so many, since each takes a segment there and one back. */
uint32_t talk_calls(const struct talk *t);

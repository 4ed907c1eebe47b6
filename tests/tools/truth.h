/* SPDX-License-Identifier: MIT */
/* A server whose behaviour is known: the ground truth that load is measured against.
 *
 * The path says what to do (truth_act.c), "ms", "every", "code" and "share" in the query how much:
 *   /none               answers at once
 *   /const?ms=2         after 2 ms, every time
 *   /exp?ms=1           after a seeded exponential time of mean 1 ms
 *   /bimodal?ms=20&share=0.1   a seeded tenth of them after 20 ms, the others at once
 *   /stall?ms=100&every=1000   the whole server stands still for the first 100 ms of every second
 *   /status?code=503    that status        /redirect  to a host that nobody may load
 *   /close              and closes         /until-close   a body without a length
 *   /chunked?ms=1       three chunks, 1 ms between them      /drip?ms=1   a byte a millisecond
 *   /interim            two 1xx before
 * and what a peer must survive:
 *   /reset /cut /short /half        a reset at once or in the body, less than Content-Length says,
 *                                   half a head
 *   /long /twice /garbage /upgrade  more than Content-Length says, two answers, no HTTP, 101 unasked
 *   /length-bad -negative -huge -two -and-chunks       a Content-Length that means nothing
 *   /chunk-bad -huge -long -cut -unended               chunks that are none, or never end
 *   /flood /headers /long-line /trailers /extension /body    1xx, head, line, trailers, chunk
 *                                   extension or body without end; ms is the time between pieces
 *   /hole               silence
 * With every=N (not for stall) only each N-th request goes wrong, the others are as /none. The n-th
 * request is always as slow: its number and the seed say how slow.
 *
 * One thread, epoll, nanosecond timers: some hundred thousand requests a second. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct truth;

/* Listen on 127.0.0.1, any free port when 0; *ret_port is the one it has. NULL on failure. */
struct truth *truth_start(uint16_t port, uint64_t seed, uint16_t *ret_port);
struct truth_options {
	const char *log;           /* takes the stamps of every request when it stops (truth_log.h); NULL: none */
	bool busy;                 /* never sleeps, so that no client pays for waking it; takes a whole core */
};
struct truth *truth_start_with(const struct truth_options *o, uint16_t port, uint64_t seed, uint16_t *ret_port);
void truth_stop(struct truth *t);                /* ends all connections; accepts NULL */
int64_t truth_requests(const struct truth *t);   /* seen so far; any thread */

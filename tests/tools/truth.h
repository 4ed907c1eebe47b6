/* SPDX-License-Identifier: MIT */
/* A server whose behaviour is known: the ground truth that load is measured against.
 *
 * The path says what to do, "ms", "every" and "code" in the query how much:
 *   /none               answers at once
 *   /const?ms=2         after 2 ms, every time
 *   /exp?ms=1           after a seeded exponential time of mean 1 ms
 *   /stall?ms=100&every=1000   the whole server stands still for the first 100 ms of every second
 *   /status?code=503    that status        /close     and closes the connection
 *   /chunked            three chunks       /drip      a byte a millisecond
 *   /interim            two 1xx before     /until-close   a body without a length
 *   /reset  /short  /long  /garbage  /half  /hole  /flood   answers that go wrong: a reset, less or
 *                       more than Content-Length, no HTTP, half a head, silence, endless 1xx
 * With every=N (not for stall) only each N-th request goes wrong, the others are as /none.
 * A thread a connection: simple, and good for some thousand requests a second. */
#pragma once

#include <stdint.h>

struct truth;

/* Listen on 127.0.0.1, any free port when 0; *ret_port is the one it has. NULL on failure. */
struct truth *truth_start(uint16_t port, uint64_t seed, uint16_t *ret_port);
void truth_stop(struct truth *t);                /* ends all connections; accepts NULL */
int64_t truth_requests(const struct truth *t);   /* seen so far */

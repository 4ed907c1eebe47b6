/* SPDX-License-Identifier: MIT */
/* Which thread the ring of an engine belongs to.
 *
 * The ring belongs to the thread that first uses it, and phases have threads of their own. So the
 * sockets are plain descriptors that outlive the ring, and a new thread opens a new ring: what the
 * old one has received and not delivered comes first, what it was asked and had not submitted is
 * asked again. A thread must have ended before another calls: what it had under way sleeps from
 * then on, as only its owner would receive for the ring (deferred work), until the ring is closed.
 *
 * Private to the engine. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

/* As engine_ops.open and .close. */
int uring_thread_open(uint32_t max_conns, const struct engine_sink *sink, struct engine **ret);
void uring_thread_close(struct engine *g);

/* This thread's from now on, with a ring of its own when it was another's. 0 or -errno of uring_open. */
int uring_thread_own(struct engine *g);
bool uring_thread_is_owner(const struct engine *g);

/* Ends a socket so that its peer hears of it at once. */
void uring_hang_up(int fd);

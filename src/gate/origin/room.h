/* SPDX-License-Identifier: MIT */
/* Whether an upstream takes one more request (concurrency.h), and who waits until it does.
 *
 * A place is held from the choice of a server to the head of its answer: what is slow to send or to take, and tunnels,
 * hold none. Places that become free are given to those who wait when the turn ends. */
#pragma once

#include "gate/gate_worker.h"

void room_open(struct gate_worker *w, size_t upstream);
bool room_is_full(const struct gate_worker *w, size_t upstream);

/* A place. False: it waits for one, or has been refused. */
bool room_take(struct errand *x);
/* Its place is free; nothing when it has none. `good`: an answer of use. `latency_ns`: until now; -1: nothing to learn. */
void room_give(struct errand *x, bool good, int64_t latency_ns);
/* The next one of those who wait, with a place; NULL: there is none, or nobody. Refuses who has to be. */
struct errand *room_next(struct gate_worker *w, size_t upstream);

/* SPDX-License-Identifier: MIT */
/* Waiting for a pooled connection: requests that could ask a peer if one of its connections were free.
 * Trace paints it as a queue that is called "connection pool HOST:PORT". Private to diagnose/. */
#pragma once

#include "diagnose/detect.h"

bool pool_queue_is(const struct run_wait *w);
/* The largest such queue; NULL none. */
const struct run_wait *pool_queue(const struct facts *f);
/* "HOST:PORT" of the pool that the queue is in front of. */
const char *pool_queue_peer(const struct run_wait *w);
/* Share of the time, as painted, that requests wait in it. */
double pool_queue_share(const struct facts *f, const struct run_wait *w);
double pool_queue_shares(const struct facts *f);   /* in all of them */
/* Parts of that wait in which the holders of the connections computed here (or waited for a CPU to
 * do so), and in which they had the peer at work. */
struct pool_held { double computing, peer, elsewhere; };
struct pool_held pool_queue_holders(const struct facts *f, const struct run_wait *w);

/* SPDX-License-Identifier: MIT */
/* A lock that guards a pool of connections: who waits at it waits for another request to be done with
 * one. Private to diagnose/. */
#pragma once

#include "diagnose/facts.h"

struct pool {
	const char *peer;          /* host:port */
	int64_t connections;
	double busy;               /* of them at a time, mean */
	double held;               /* share of the waits in which the holder waited for the peer */
};

/* Is `lock`, a part of kind PART_LOCK, such a pool that is used up? */
bool pool_behind(const struct facts *f, const struct run_part *lock, struct pool *ret);

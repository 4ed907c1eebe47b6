/* SPDX-License-Identifier: MIT */
/* A lock that guards a pool of connections: who waits at it waits for another request to be done with
 * one. Private to diagnose/. */
#pragma once

#include "diagnose/detect.h"

struct lock_pool {
	const char *peer;          /* host:port of the connections */
	const char *asked;         /* that their holders wait for; the same, or another while they keep one */
	int64_t connections;
	double busy;               /* of them at a time, mean */
	double held;               /* share of the waits in which the holder waited for whom it asked */
};

/* Is `lock`, a part of kind PART_LOCK, such a pool that is used up? */
bool lock_pool_behind(const struct facts *f, const struct run_part *lock, struct lock_pool *ret);

/* Adds a finding for each such pool that has much of the time; false when none has. */
bool lock_pool_tell(const struct facts *f, struct draft *d);

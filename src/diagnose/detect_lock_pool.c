/* SPDX-License-Identifier: MIT */
/* Requests wait for a connection of a pool while all of them are taken, as threads do: at the pool's
 * lock.
 *
 * Must also hold: the connections wait for the peer, not for the service's own computing, which a
 * larger pool would only make wait elsewhere. */
#include "diagnose/lock_pool.h"
#include "diagnose/text.h"

static void
detect(const struct facts *f, struct draft *d)
{
	if (!lock_pool_tell(f, d))
		rule_out(d, "requests wait for locks %s of their time, behind none of which all connections "
		    "to a server are busy", PCT(f->charged[PART_LOCK]));
}

const struct detector detect_lock_pool = {
	.kind = "contention.pool", .class = CLASS_CONTENTION, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "requests wait for a pooled connection",
};

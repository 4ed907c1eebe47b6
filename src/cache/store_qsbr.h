/* SPDX-License-Identifier: MIT */
/* When may memory be used again that readers without locks may still look at? When every worker has
 * been in between two turns of its loop since (quiescent-state-based reclamation: McKenney and
 * Slingwine, "Read-copy update", PDCS 1998). A sleeping worker looks at nothing. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define STORE_ASLEEP UINT64_MAX

struct store_clock {
	_Atomic uint64_t now;    /* moves at each removal */
};

/* A worker's: the clock at its last quiescent state. */
struct store_seen {
	_Alignas(128) _Atomic uint64_t at;
};

/* The time of a removal that is visible to all who look from now on. */
static inline uint64_t
store_clock_stamp(struct store_clock *c)
{
	return atomic_fetch_add(&c->now, 1) + 1;
}

static inline void
store_seen_now(struct store_seen *s, const struct store_clock *c)
{
	/* An exchange, so that no later read of the index comes before it. */
	atomic_exchange(&s->at, atomic_load(&c->now));
}

static inline void
store_seen_asleep(struct store_seen *s)
{
	atomic_store(&s->at, STORE_ASLEEP);
}

/* What all have seen: removals stamped up to here are past. */
static inline uint64_t
store_seen_by_all(const struct store_seen *seen, uint32_t n, const struct store_clock *c)
{
	uint64_t least = atomic_load(&c->now);

	for (uint32_t i = 0; i < n; i++) {
		uint64_t at = atomic_load(&seen[i].at);
		if (at < least)
			least = at;
	}
	return least;
}

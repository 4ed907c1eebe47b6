/* SPDX-License-Identifier: MIT */
/* The terms of a stored answer: all that decides about its reuse, in a struct of fixed size without
 * pointers that the store keeps beside the object and may copy as bytes. Times are wall nanoseconds
 * (wall_ns()), so that they mean the same on another host and after a restart. */
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "cache/policy.h"

#define CACHE_NO_TIME  INT64_MIN
#define CACHE_NO_SIZE  INT64_C(-1)

enum {
	TERMS_NO_CACHE = 1 << 0,       /* each reuse needs a validation: no-cache */
	TERMS_REVALIDATE = 1 << 1,     /* never stale: must-revalidate, proxy-revalidate, s-maxage */
	TERMS_HEURISTIC = 1 << 2,      /* the lifetime is a guess */
	TERMS_PARTIAL = 1 << 3,        /* holds bytes first .. first + held - 1, not the whole */
	TERMS_ETAG_STRONG = 1 << 4,
	TERMS_OUTDATED = 1 << 5,       /* invalidated: never served without a validation (section 4.4) */
	TERMS_NO_TRANSFORM = 1 << 6,   /* Cache-Control: no-transform: not to be compressed */
	TERMS_DATE = 1 << 7,           /* the answer had a Date that could be read */
	TERMS_OF_POST = 1 << 8,        /* the answer to a POST with its own Content-Location */
	TERMS_STALE = 1 << 9,          /* stale before its time: purged softly, grace holds as ever */
};

struct cache_terms {
	int64_t received_ns;       /* when the head came, or the 304 that last confirmed it */
	int64_t date_s;            /* Date, or the time of receipt */
	int64_t modified_s;        /* Last-Modified, CACHE_NO_TIME when there is none */
	int64_t full_bytes;        /* of the whole representation; CACHE_NO_SIZE: not known yet */
	int64_t first, held;       /* TERMS_PARTIAL: the bytes that are here */
	int32_t initial_age_s;     /* corrected_initial_age of section 4.2.3 */
	int32_t lifetime_s;        /* freshness lifetime of section 4.2.1 */
	int32_t stale_behind_s;    /* stale-while-revalidate; 0: none */
	int32_t stale_error_s;     /* stale-if-error; 0: none */
	uint32_t etag_at;          /* the entity tag, as a place in the stored head (head.h) */
	uint16_t etag_size;        /* 0: it has none */
	uint16_t status;
	uint16_t flags;            /* TERMS_* */
	uint32_t cost_us;          /* from the request to the head that brought or confirmed it; 0: not known */
};

/* Section 4.2.3; a clock that went back makes nothing younger than it was at receipt. */
static inline int64_t
cache_age_s(const struct cache_terms *t, int64_t now_ns)
{
	int64_t resident_ns = now_ns - t->received_ns;

	return t->initial_age_s + (resident_ns > 0 ? resident_ns / NS_PER_S : 0);
}

/* Seconds of freshness left; 0 and below: stale for so long. */
static inline int64_t
cache_ttl_s(const struct cache_terms *t, int64_t now_ns)
{
	int64_t ttl_s = t->lifetime_s - cache_age_s(t, now_ns);

	return (t->flags & TERMS_STALE) && ttl_s > 0 ? 0 : ttl_s;
}

/* When it stops being fresh, and when it is worth nothing to anybody under this policy: what a
 * store expires by. */
int64_t cache_fresh_until_ns(const struct cache_terms *t);
int64_t cache_useful_until_ns(const struct cache_terms *t, const struct cache_policy *policy);

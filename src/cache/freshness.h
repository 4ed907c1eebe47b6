/* SPDX-License-Identifier: MIT */
/* Age and freshness lifetime of an answer (RFC 9111, sections 4.2.1 to 4.2.3). Pure. */
#pragma once

#include "cache/directives.h"
#include "cache/storable.h"

struct cache_freshness {
	int64_t date_s, modified_s;   /* as in struct cache_terms */
	bool has_date;
	int32_t initial_age_s, lifetime_s;
	bool is_explicit;             /* the origin has said it */
	bool heuristic;
};

/* `targeted`: Expires does not count. `guess`: a heuristic may be used where the origin says
 * nothing. */
void cache_freshness_read(const struct cache_answer *answer, const struct cache_directives *d,
    bool targeted, bool guess, const struct cache_policy *policy, struct cache_freshness *ret);

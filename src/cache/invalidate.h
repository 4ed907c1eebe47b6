/* SPDX-License-Identifier: MIT */
/* What an unsafe request makes outdated (RFC 9111, section 4.4). Pure. */
#pragma once

#include "cache/storable.h"

/* The next key that this answer outdates, all its variants: first the target of the request, then
 * what Location and Content-Location name on the same origin. `i` is 0 at first; false when there
 * are no more. The answer to a safe request and one that says that nothing was done (4xx, 5xx)
 * outdate nothing. */
bool cache_next_outdated(const struct cache_request *request, const struct cache_key *key,
    const struct cache_answer *answer, int *i, char out[CACHE_KEY_MAX], struct cache_key *ret);

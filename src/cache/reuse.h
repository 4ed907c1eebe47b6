/* SPDX-License-Identifier: MIT */
/* May this stored answer serve this request now (RFC 9111, section 4; RFC 5861)? Pure, and the hit
 * path: it looks at two structs. */
#pragma once

#include "cache/request.h"
#include "cache/terms.h"

enum cache_use {
	CACHE_SERVE,             /* from the store */
	CACHE_SERVE_AND_REFRESH, /* stale, from the store, and a validation goes behind it (RFC 5861) */
	CACHE_VALIDATE,          /* ask the origin first, conditionally */
	CACHE_FETCH,             /* nothing is stored: ask, and store what may be stored */
	CACHE_PASS,              /* straight to the origin; the cache neither answers nor stores */
	CACHE_REFUSE,            /* 504: only-if-cached, and nothing here will do (section 5.2.1.7) */
};

/* Why a request goes to the origin: fwd of RFC 9211, section 2.2. */
enum cache_forward {
	CACHE_FORWARD_NONE, CACHE_FORWARD_BYPASS, CACHE_FORWARD_METHOD, CACHE_FORWARD_URI_MISS,
	CACHE_FORWARD_VARY_MISS, CACHE_FORWARD_REQUEST, CACHE_FORWARD_STALE, CACHE_FORWARD_PARTIAL,
};

struct cache_decision {
	enum cache_use use;
	enum cache_forward forward;
	int64_t age_s, ttl_s;   /* of what is stored; ttl_s below 0: stale for so long */
};

/* `terms` NULL: nothing is stored under the key (`other_variant`: but something that varies is). */
void cache_decide(const struct cache_request *request, const struct cache_terms *terms,
    bool other_variant, int64_t now_ns, struct cache_decision *ret);

/* The origin was asked in vain: may the stale answer be served after all? `status` is its 5xx
 * answer, or 0 when it has not answered (cannot be reached, broke off before its head, took too
 * long). */
bool cache_serves_on_error(const struct cache_request *request, const struct cache_terms *terms,
    const struct cache_policy *policy, int status, int64_t now_ns);

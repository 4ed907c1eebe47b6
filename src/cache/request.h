/* SPDX-License-Identifier: MIT */
/* What of a request matters to the cache, read once in one pass over its fields. */
#pragma once

#include "cache/key.h"
#include "cache/policy.h"
#include "net/http_fields.h"

enum cache_method {
	CACHE_GET,
	CACHE_HEAD,     /* answered from what a GET stored */
	CACHE_POST,     /* unsafe; its answer may serve later GETs (RFC 9110, section 9.3.3) */
	CACHE_SAFE,     /* OPTIONS, TRACE and the like: neither stored nor invalidating */
	CACHE_UNSAFE,   /* everything else, unknown methods too: invalidates (RFC 9111, section 4.4) */
};

enum {
	REQUEST_RANGE = 1 << 0,
	REQUEST_IF_RANGE = 1 << 1,
	REQUEST_IF_NONE_MATCH = 1 << 2,
	REQUEST_IF_MODIFIED_SINCE = 1 << 3,
	REQUEST_IF_ORIGIN = 1 << 4,        /* If-Match, If-Unmodified-Since (section 4.3.2) */
	REQUEST_AUTHORIZATION = 1 << 5,
	REQUEST_COOKIE = 1 << 6,
	REQUEST_BODY = 1 << 7,
	REQUEST_NO_CACHE = 1 << 8,         /* the directive, or Pragma without any Cache-Control */
	REQUEST_NO_STORE = 1 << 9,
	REQUEST_ONLY_IF_CACHED = 1 << 10,
	REQUEST_AMBIGUOUS = 1 << 11,       /* its target may mean several things (key.h) */
};

struct cache_request {
	enum cache_method method;
	uint32_t has;                      /* REQUEST_* */
	/* Directives, seconds; DIRECTIVE_NONE when not asked. */
	int32_t max_age_s, min_fresh_s, max_stale_s, stale_error_s;
};

void cache_request_read(struct text method, const struct cache_key *key,
    const struct http_fields *fields, const struct cache_policy *policy, struct cache_request *ret);

/* Must this request go to the origin unseen by the cache: neither answered from it nor stored? */
static inline bool
cache_request_passes(const struct cache_request *r)
{
	return r->method > CACHE_HEAD || (r->has & (REQUEST_BODY | REQUEST_IF_ORIGIN | REQUEST_AMBIGUOUS));
}

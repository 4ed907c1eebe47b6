/* SPDX-License-Identifier: MIT */
/* What a route's owner has decided where the RFCs leave it open or allow to be told otherwise. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum cache_cookies {
	CACHE_COOKIES_REFUSE,   /* an answer with Set-Cookie is not stored */
	CACHE_COOKIES_STRIP,    /* it is stored without that field: its body is the same for everybody */
	CACHE_COOKIES_KEEP,     /* it is stored whole: the cookie is the same for everybody */
};

#define CACHE_TARGETS_MAX 4

struct cache_policy {
	/* Seconds for answers that say nothing of their freshness and that no heuristic fits; 0:
	 * none. Neither holds for answers to requests with a Cookie, unless the answer says public
	 * or ignore_cookies is set. */
	int32_t default_s;
	/* Of the time since Last-Modified, per cent, and at most so many seconds (RFC 9111,
	 * section 4.2.2); 0: no heuristic. */
	int32_t heuristic_pct, heuristic_max_s;
	/* Where the answer does not say: may be served stale while a fetch behind refreshes it;
	 * when the origin answers 500, 502, 503 or 504; when it does not answer at all
	 * (section 4.2.4). */
	int32_t stale_behind_s, stale_error_s, stale_disconnected_s;
	/* How long a stale answer with a validator is worth keeping. */
	int32_t keep_s;
	enum cache_cookies cookies;
	bool ignore_cookies;   /* no body depends on the cookies of its request */
	/* Requests may not ask for more than what is stored: their Cache-Control and Pragma do not
	 * count. */
	bool ignore_requests;
	/* Fields of RFC 9213 that this cache obeys, the first one that is valid wins; NULL ends the
	 * list early. */
	const char *targets[CACHE_TARGETS_MAX];
};

#define CACHE_POLICY_PRESET { \
	.heuristic_pct = 10, .heuristic_max_s = 86400, .stale_disconnected_s = 86400, .keep_s = 86400, \
	.targets = { "cdn-cache-control" }, \
}

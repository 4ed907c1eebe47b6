/* SPDX-License-Identifier: MIT */
/* May this answer be stored, for how long, under which terms (RFC 9111, sections 3 and 4.2; RFC
 * 9213)? A shared cache's rules. Pure. */
#pragma once

#include "cache/directives.h"
#include "cache/key.h"
#include "cache/request.h"
#include "cache/terms.h"

struct cache_answer {
	int status;
	struct http_fields fields;
	int64_t requested_ns, received_ns;   /* wall: the request was sent, the head has come */
};

/* Why not. A row each in storable.c: the name is what Cache-Status says as detail. */
enum cache_refusal {
	CACHE_STORE,              /* it may */
	CACHE_NOT_METHOD,         /* of that method's answers none is stored */
	CACHE_NOT_REQUEST,        /* the request said no-store, or its target is ambiguous */
	CACHE_NOT_STATUS,         /* not final, not understood, or about this request alone */
	CACHE_NOT_NO_STORE,
	CACHE_NOT_PRIVATE,
	CACHE_NOT_AUTHORIZED,     /* asked with Authorization, and not said to be for others */
	CACHE_NOT_COOKIE,         /* sets cookies */
	CACHE_NOT_VARY,           /* Vary: *, or too much of it */
	CACHE_NOT_RANGE,          /* a 206 whose Content-Range says nothing usable */
	CACHE_NOT_FRESH,          /* nothing says that it may be reused, or it could never be */
	CACHE_REFUSALS
};

const char *cache_refusal_name(enum cache_refusal r);

/* Is the next answer to this key, whoever asks, likely to be refused for the same reason? What to
 * remember keys as uncacheable by, so that requests for them do not wait for each other. */
bool cache_refusal_lasts(enum cache_refusal r);

/* The terms are whole but for the place of the entity tag, which cache_head_write() adds. */
enum cache_refusal cache_storable(const struct cache_request *request, const struct cache_key *key,
    const struct cache_answer *answer, const struct cache_policy *policy, struct cache_terms *ret);

/* The directives that hold for this cache: those of a targeted field, or Cache-Control. True:
 * targeted, so that Expires does not count. */
bool cache_directives_of(const struct http_fields *answer, const struct cache_policy *policy,
    struct cache_directives *ret);

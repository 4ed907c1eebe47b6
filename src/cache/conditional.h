/* SPDX-License-Identifier: MIT */
/* Conditions (RFC 9110, section 13; RFC 9111, section 4.3): those of a client against a stored
 * answer, and those with which the cache asks the origin. If-Match and If-Unmodified-Since are the
 * origin's: requests with them pass (cache_request_passes), so 412 is never said here. Pure. */
#pragma once

#include "cache/http_date.h"
#include "cache/range.h"
#include "cache/request.h"

enum cache_answer_kind {
	CACHE_ANSWER_WHOLE,      /* as it is stored */
	CACHE_ANSWER_304,
	CACHE_ANSWER_PARTS,      /* 206: the ranges */
	CACHE_ANSWER_416,
	/* What is stored is a part, and does not hold what is asked: CACHE_FORWARD_PARTIAL, or 504 for
	 * who asked only-if-cached. */
	CACHE_ANSWER_MISSING,
};

/* How a stored answer that may be served (reuse.h) answers this request, in the order of
 * section 13.2.2. `etag` as stored; terms->full_bytes is the size of the body when it is whole.
 * `ranges` is filled with PARTS, and with MISSING by what was asked (none: the whole). */
enum cache_answer_kind cache_answer_kind(const struct cache_request *request,
    const struct http_fields *fields, const struct cache_terms *terms, struct text etag,
    struct cache_ranges *ranges);

/* Is this field of a stored head sent with a 304? All that may update what the client has; not what
 * describes the body, which it does not get (RFC 9110, section 15.4.5). */
bool cache_field_in_304(struct text name);

/* ---- asking the origin ---- */

struct cache_condition {
	struct http_field at[2];   /* If-None-Match, If-Modified-Since: what there is of them */
	uint32_t n;                /* 0: nothing to validate by: ask without a condition */
	char date[HTTP_DATE_SIZE];
};

/* The fields that ask whether what is stored still holds. Views into `etag` and *ret. */
void cache_condition_write(const struct cache_terms *terms, struct text etag,
    struct cache_condition *ret);

/* Must this field of the client's request stay behind when the cache asks for itself (a fill for
 * many, a validation)? With the fields of cache_condition instead. */
bool cache_field_is_clients(struct text name);

/* SPDX-License-Identifier: MIT */
/* The secondary cache key (RFC 9111, section 4.1): what an answer varies by, and what its request
 * said there, as one text that the store keeps beside the object. Requests that mean the same have
 * the same text:
 *
 * - lines of one name are joined, blanks around commas and empty members go;
 * - Accept-Encoding, Accept-Language and Accept-Charset are lists of preferences: in lower case,
 * sorted by their weight and then by name, so that weights count only by their order ("gzip, br" is
 * "br;q=1.0,GZIP");
 * - Cookie, Authorization and whatever else is no list stays byte for byte.
 *
 * An absent field is another value than an empty one. And where the answer says what was chosen
 * (Content-Encoding, Content-Language), it also serves requests that leave no other choice:
 *
 * - they accept what was chosen, and beside it only what the first request accepted too and had no
 * less: of fewer offers the origin would choose the same;
 * - in languages, none is liked better than the one chosen.
 *
 * Pure. */
#pragma once

#include "net/http_fields.h"

#define CACHE_VARY_NAMES_MAX 256    /* bytes of all names; one with more is not stored */
#define CACHE_VARY_MAX       4096   /* bytes of the text; a request with more is not cached */

/* "accept,accept-language": lower case, sorted, each once. Returns its size, 0 for an answer that
 * does not vary, -EINVAL for one that varies by everything: "*", or a Vary that is wrong or too
 * long. */
int cache_vary_names(const struct http_fields *answer, char out[CACHE_VARY_NAMES_MAX]);

/* The text of this answer to this request. Returns the size, 0 for an answer that does not vary;
 * -EINVAL as above, -E2BIG: do not store. */
int cache_vary_write(const struct http_fields *answer, const struct http_fields *request,
    char out[CACHE_VARY_MAX]);

/* What the text will be if the answer to this request varies by the same as a stored one. */
int cache_vary_expected(struct text stored, const struct http_fields *request,
    char out[CACHE_VARY_MAX]);

/* Does what is stored under this text serve this request? */
bool cache_vary_matches(struct text stored, const struct http_fields *request);

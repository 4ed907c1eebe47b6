/* SPDX-License-Identifier: MIT */
/* The secondary cache key (RFC 9111, section 4.1): the fields an answer varies by, and what a request says in
 * them. Two requests that mean the same have the same text:
 *
 * - lines of one name are joined, blanks around commas and empty members go;
 * - Accept-Encoding, Accept-Language and Accept-Charset are lists of preferences: in lower case, sorted by their
 *   weight and then by name, so that weights count only by their order ("gzip, br" is "br;q=1.0,GZIP");
 * - Cookie, Authorization and whatever else is no list stays byte for byte.
 *
 * Nothing is guessed from what is not written: an absent field is another value than an empty one. Pure. */
#pragma once

#include "net/http_fields.h"

#define CACHE_VARY_NAMES_MAX  256    /* bytes of all names; an answer that varies by more is not stored */
#define CACHE_VARY_VALUES_MAX 4096   /* bytes of all values; a request with more is not for the cache */

/* "accept,accept-language": lower case, sorted, each once. Returns its size, 0 for an answer that does not vary,
 * -EINVAL for one that varies by everything: "*", or a Vary that is wrong or too long. */
int cache_vary_names(const struct http_fields *answer, char out[CACHE_VARY_NAMES_MAX]);

/* What the request says in the fields of these names. Returns the size, -E2BIG when it is too long. */
int cache_vary_values(struct text names, const struct http_fields *request, char out[CACHE_VARY_VALUES_MAX]);

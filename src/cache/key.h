/* SPDX-License-Identifier: MIT */
/* The primary cache key (RFC 9111, section 2): the target URI as one text,
 * "https://host/path?query". GET and HEAD share it, and what a POST may store is for later GETs, so
 * the method is not in it.
 *
 * The same text goes to the origin. What key and origin would read differently is how caches are
 * poisoned and deceived, so whatever is made equal here is made equal there:
 * - path: %41 becomes A, %2f becomes %2F (RFC 3986, sections 6.2.2.1, 6.2.2.2), dot segments go,
 * written %2e too (section 5.2.4), and bytes above 0x7f are percent-encoded. Nothing that is
 * reserved is ever decoded.
 * - query: byte for byte. Origins sign it, and each reads it in its own way.
 * - host: lower case, without the port of the scheme.
 * A path that programs are known to read in more than one way (an encoded slash beside dots, a
 * backslash, %00, %25 before two digits) is passed on but never cached: `ambiguous`. One with %
 * before anything else is refused. */
#pragma once

#include "net/field.h"

#define CACHE_KEY_MAX 8192   /* bytes; a longer URI is answered 414 */

struct cache_key {
	struct text uri;       /* all of it: what to hash and compare */
	struct text target;    /* its end, "/path?query": what to send to the origin */
	bool ambiguous;
};

/* `out` must live as long as the views in *ret. `target` is in origin-form ("/..."). Returns 0,
 * -EINVAL for what is no host or target (400), -E2BIG (414). */
int cache_key_write(bool https, struct text host, struct text target, char out[CACHE_KEY_MAX],
    struct cache_key *ret);

/* The key of a URI reference in a field of the answer to `base`: Location, Content-Location. False
 * when it is none, or lies on another origin (RFC 9110, section 4.3.1). */
bool cache_key_resolve(const struct cache_key *base, struct text reference, char out[CACHE_KEY_MAX],
    struct cache_key *ret);

/* Takes those parameters out of the query that the origin does not look at, here and in what it is
 * sent: `names` as they stand in the URI, a '*' at the end stands for any rest. One whose value holds
 * a semicolon stays: some read that as the beginning of another. `text` is what key points into. */
void cache_key_ignore(struct cache_key *key, char text[CACHE_KEY_MAX], const char *const *names,
    size_t n);

static inline bool
cache_key_equal(const struct cache_key *a, const struct cache_key *b)
{
	return a->uri.size == b->uri.size && memcmp(a->uri.at, b->uri.at, a->uri.size) == 0;
}

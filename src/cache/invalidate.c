/* SPDX-License-Identifier: MIT */
#include "cache/invalidate.h"

bool
cache_next_outdated(const struct cache_request *request, const struct cache_key *key,
    const struct cache_answer *answer, int *i, char out[CACHE_KEY_MAX], struct cache_key *ret)
{
	static const char *const names[] = { "location", "content-location" };
	bool unsafe = request->method == CACHE_POST || request->method == CACHE_UNSAFE;

	if (!unsafe || answer->status < 200 || answer->status > 399)
		return false;
	while (*i < 3) {
		int which = (*i)++;
		if (which == 0) {
			*ret = *key;
			return true;
		}
		const struct http_field *f = http_field_next(&answer->fields, names[which - 1], NULL);
		if (f && cache_key_resolve(key, f->value, out, ret) && !cache_key_equal(key, ret))
			return true;
	}
	return false;
}

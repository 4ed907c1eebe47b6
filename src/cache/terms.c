/* SPDX-License-Identifier: MIT */
#include "cache/terms.h"



int64_t
cache_fresh_until_ns(const struct cache_terms *t)
{
	if (t->flags & (TERMS_NO_CACHE | TERMS_OUTDATED))
		return t->received_ns;
	return t->received_ns + ((int64_t)t->lifetime_s - t->initial_age_s) * NS_PER_S;
}

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t
cache_useful_until_ns(const struct cache_terms *t, const struct cache_policy *policy)
{
	int64_t grace_s = larger(t->stale_behind_s, t->stale_error_s);

	if (!(t->flags & (TERMS_REVALIDATE | TERMS_NO_CACHE)))
		grace_s = larger(grace_s, policy->stale_disconnected_s);
	if (t->etag_size || t->modified_s != CACHE_NO_TIME)
		grace_s = larger(grace_s, policy->keep_s);
	return larger(cache_fresh_until_ns(t), t->received_ns) + grace_s * NS_PER_S;
}

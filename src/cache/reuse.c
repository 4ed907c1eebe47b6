/* SPDX-License-Identifier: MIT */
#include "cache/reuse.h"

#include "cache/directives.h"

/* Does the request want more than a stored answer that has not been validated now? */
static bool
wants_validation(const struct cache_request *r, int64_t age_s)
{
	return (r->has & REQUEST_NO_CACHE) ||
	    (r->max_age_s != DIRECTIVE_NONE && (age_s > r->max_age_s || r->max_age_s == 0));
}

/* Stale, but the client has said that it will do (section 5.2.1.2). */
static bool
is_stale_enough(const struct cache_request *r, const struct cache_terms *t, int64_t ttl_s)
{
	return r->max_stale_s != DIRECTIVE_NONE && -ttl_s <= r->max_stale_s &&
	    !(t->flags & TERMS_REVALIDATE);
}

static enum cache_use
use_stored(const struct cache_request *r, const struct cache_terms *t, int64_t age_s, int64_t ttl_s)
{
	bool asks_fresh = r->min_fresh_s != DIRECTIVE_NONE;

	if ((t->flags & (TERMS_NO_CACHE | TERMS_OUTDATED)) || wants_validation(r, age_s))
		return CACHE_VALIDATE;
	if (ttl_s > 0)
		return asks_fresh && ttl_s < r->min_fresh_s ? CACHE_VALIDATE : CACHE_SERVE;
	if (asks_fresh)
		return CACHE_VALIDATE;
	if (is_stale_enough(r, t, ttl_s))
		return CACHE_SERVE;
	return -ttl_s < t->stale_behind_s ? CACHE_SERVE_AND_REFRESH : CACHE_VALIDATE;
}

static enum cache_forward
why_validated(const struct cache_terms *t, int64_t ttl_s)
{
	bool fresh = ttl_s > 0 && !(t->flags & (TERMS_NO_CACHE | TERMS_OUTDATED));

	return fresh ? CACHE_FORWARD_REQUEST : CACHE_FORWARD_STALE;
}

void
cache_decide(const struct cache_request *request, const struct cache_terms *terms,
    bool other_variant, int64_t now_ns, struct cache_decision *ret)
{
	*ret = (struct cache_decision){ .use = CACHE_PASS, .forward = CACHE_FORWARD_BYPASS };
	if (request->method > CACHE_HEAD) {
		ret->forward = CACHE_FORWARD_METHOD;
		return;
	}
	if (cache_request_passes(request))
		return;
	ret->use = CACHE_FETCH;
	ret->forward = other_variant ? CACHE_FORWARD_VARY_MISS : CACHE_FORWARD_URI_MISS;
	if (terms) {
		ret->age_s = cache_age_s(terms, now_ns);
		ret->ttl_s = cache_ttl_s(terms, now_ns);
		ret->use = use_stored(request, terms, ret->age_s, ret->ttl_s);
		ret->forward = ret->use == CACHE_VALIDATE ? why_validated(terms, ret->ttl_s) : CACHE_FORWARD_NONE;
	}
	if ((request->has & REQUEST_ONLY_IF_CACHED) && ret->use != CACHE_SERVE &&
	    ret->use != CACHE_SERVE_AND_REFRESH)
		ret->use = CACHE_REFUSE;
}

bool
cache_serves_on_error(const struct cache_request *request, const struct cache_terms *terms,
    const struct cache_policy *policy, int status, int64_t now_ns)
{
	int64_t age_s = cache_age_s(terms, now_ns), stale_s = -cache_ttl_s(terms, now_ns);
	int64_t grace_s = terms->stale_error_s;
	bool strict = terms->flags & TERMS_REVALIDATE;

	if ((terms->flags & (TERMS_NO_CACHE | TERMS_OUTDATED)) || wants_validation(request, age_s))
		return false;
	/* RFC 5861, section 4 */
	if (status != 0 && status != 500 && status != 502 && status != 503 && status != 504)
		return false;
	if (request->stale_error_s != DIRECTIVE_NONE && !strict && request->stale_error_s > grace_s)
		grace_s = request->stale_error_s;
	/* RFC 9111, section 4.2.4 */
	if (status == 0 && !strict && policy->stale_disconnected_s > grace_s)
		grace_s = policy->stale_disconnected_s;
	return stale_s < grace_s;
}

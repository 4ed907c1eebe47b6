/* SPDX-License-Identifier: MIT */
#include "cache/storable.h"

#include "cache/freshness.h"
#include "cache/range.h"
#include "cache/vary.h"

static const struct { const char *name; bool lasts; } refusals[CACHE_REFUSALS] = {
	[CACHE_STORE] = { "stored", false },
	[CACHE_NOT_METHOD] = { "method", false },
	[CACHE_NOT_REQUEST] = { "request", false },
	[CACHE_NOT_STATUS] = { "status", false },
	[CACHE_NOT_NO_STORE] = { "no-store", true },
	[CACHE_NOT_PRIVATE] = { "private", true },
	[CACHE_NOT_AUTHORIZED] = { "authorization", true },
	[CACHE_NOT_COOKIE] = { "set-cookie", true },
	[CACHE_NOT_VARY] = { "vary", true },
	[CACHE_NOT_RANGE] = { "content-range", false },
	[CACHE_NOT_FRESH] = { "no-freshness", true },
};

const char *
cache_refusal_name(enum cache_refusal r)
{
	return refusals[r].name;
}

bool
cache_refusal_lasts(enum cache_refusal r)
{
	return refusals[r].lasts;
}

bool
cache_directives_of(const struct http_fields *answer, const struct cache_policy *policy,
    struct cache_directives *ret)
{
	for (int i = 0; i < CACHE_TARGETS_MAX && policy->targets[i]; i++)
		if (cache_directives_targeted(answer, policy->targets[i], ret))
			return true;
	cache_directives_read(answer, ret);
	return false;
}

/* ---- the status ---- */

/* Defined as cacheable without anybody saying so (RFC 9110, section 15.1; 206 apart). */
static bool
is_cacheable_by_default(int status)
{
	static const int16_t list[] = { 200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501 };

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i] == status)
			return true;
	return false;
}

/* What RFC 9110, section 15, defines: for must-understand. */
static bool
is_understood(int status)
{
	static const int16_t list[] = { 200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 305,
		307, 308, 400, 402, 403, 404, 405, 406, 408, 409, 410, 411, 413, 414, 415, 421, 422,
		426, 429, 431, 451, 500, 501, 502, 503, 504, 505 };

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i] == status)
			return true;
	return false;
}

/* Not an answer about the target for anybody, but about who asked (401, 407), its conditions (304,
 * 412, 417), or the part of the target that it wanted (416). */
static bool
is_about_request(int status)
{
	return status == 304 || status == 401 || status == 407 || status == 412 || status == 416 ||
	    status == 417;
}

/* ---- who may have it ---- */

static bool
sets_cookies(const struct http_fields *fields, const struct cache_directives *d,
    const struct cache_policy *policy)
{
	return policy->cookies == CACHE_COOKIES_REFUSE && http_field_next(fields, "set-cookie", NULL) &&
	    !cache_directives_name(d, (struct text){ "set-cookie", 10 });
}

/* Section 3.5 */
static bool
is_for_others(const struct cache_directives *d)
{
	return (d->has & (DIRECTIVE_PUBLIC | DIRECTIVE_MUST_REVALIDATE)) ||
	    d->s_maxage_s != DIRECTIVE_NONE;
}

static enum cache_refusal
refuse_by_directives(const struct cache_request *r, const struct cache_answer *a,
    const struct cache_directives *d, const struct cache_policy *policy)
{
	bool must_understand = d->has & DIRECTIVE_MUST_UNDERSTAND;

	if (r->has & REQUEST_NO_STORE)
		return CACHE_NOT_REQUEST;
	if (a->status < 200 || a->status > 599 || is_about_request(a->status))
		return CACHE_NOT_STATUS;
	if (must_understand && !is_understood(a->status))
		return CACHE_NOT_STATUS;
	if ((d->has & DIRECTIVE_NO_STORE) && !must_understand)   /* section 5.2.2.3 */
		return CACHE_NOT_NO_STORE;
	if (d->has & DIRECTIVE_PRIVATE)
		return CACHE_NOT_PRIVATE;
	if ((r->has & REQUEST_AUTHORIZATION) && !is_for_others(d))
		return CACHE_NOT_AUTHORIZED;
	return sets_cookies(&a->fields, d, policy) ? CACHE_NOT_COOKIE : CACHE_STORE;
}

/* Answers to POST: only with a lifetime of their own, and only when they are what a GET would have
 * brought (RFC 9110, section 9.3.3). */
static bool
serves_get(const struct cache_key *key, const struct cache_answer *a,
    const struct cache_freshness *f)
{
	const struct http_field *location = http_field_next(&a->fields, "content-location", NULL);
	char text[CACHE_KEY_MAX];
	struct cache_key named;

	return f->is_explicit && a->status == 200 && location &&
	    cache_key_resolve(key, location->value, text, &named) && cache_key_equal(key, &named);
}

/* ---- the terms ---- */

static void
set_grace(const struct cache_directives *d, const struct cache_policy *policy,
    struct cache_terms *t)
{
	bool never = t->flags & (TERMS_NO_CACHE | TERMS_OUTDATED) ||
	    (d->has & (DIRECTIVE_MUST_REVALIDATE | DIRECTIVE_PROXY_REVALIDATE));
	bool preset = !(t->flags & TERMS_REVALIDATE);
	int32_t behind_s = preset ? policy->stale_behind_s : 0;
	int32_t error_s = preset ? policy->stale_error_s : 0;

	if (never)
		return;
	/* s-maxage alone forbids what is stale, but an origin that names a grace beside it means
	 * this cache. */
	t->stale_behind_s = d->stale_behind_s != DIRECTIVE_NONE ? d->stale_behind_s : behind_s;
	t->stale_error_s = d->stale_error_s != DIRECTIVE_NONE ? d->stale_error_s : error_s;
}

static uint16_t
flags_of(const struct cache_directives *d, const struct cache_freshness *f, bool post)
{
	const uint32_t strict = DIRECTIVE_MUST_REVALIDATE | DIRECTIVE_PROXY_REVALIDATE;

	return (uint16_t)((d->has & DIRECTIVE_NO_CACHE ? TERMS_NO_CACHE : 0) |
	    ((d->has & strict) || d->s_maxage_s != DIRECTIVE_NONE ? TERMS_REVALIDATE : 0) |
	    (f->heuristic ? TERMS_HEURISTIC : 0) |
	    (d->has & DIRECTIVE_NO_TRANSFORM ? TERMS_NO_TRANSFORM : 0) |
	    (f->has_date ? TERMS_DATE : 0) | (post ? TERMS_OF_POST : 0));
}

/* A 206: which part it is. False when that cannot be told. */
static bool
set_part(const struct cache_answer *a, struct cache_terms *t)
{
	t->full_bytes = CACHE_NO_SIZE;
	if (a->status != 206)
		return true;
	t->flags |= TERMS_PARTIAL;
	return cache_content_range_read(&a->fields, &t->first, &t->held, &t->full_bytes);
}

/* Could it ever serve anybody: fresh now or after a validation? */
static bool
is_of_use(const struct cache_terms *t, const struct http_fields *fields)
{
	bool validator = t->modified_s != CACHE_NO_TIME || http_field_next(fields, "etag", NULL);
	bool lives = !(t->flags & TERMS_NO_CACHE) &&
	    (int64_t)t->lifetime_s + t->stale_behind_s + t->stale_error_s > t->initial_age_s;

	return lives || validator;
}

enum cache_refusal
cache_storable(const struct cache_request *request, const struct cache_key *key,
    const struct cache_answer *answer, const struct cache_policy *policy, struct cache_terms *ret)
{
	struct cache_directives d;
	struct cache_freshness f;
	enum cache_refusal refusal;
	char names[CACHE_VARY_NAMES_MAX];
	bool targeted = cache_directives_of(&answer->fields, policy, &d),
	     post = request->method == CACHE_POST;

	if (request->method != CACHE_GET && !post)
		return CACHE_NOT_METHOD;
	if ((request->has & REQUEST_AMBIGUOUS) || (!post && cache_request_passes(request)))
		return CACHE_NOT_REQUEST;
	if ((refusal = refuse_by_directives(request, answer, &d, policy)) != CACHE_STORE)
		return refusal;
	bool may_guess = is_cacheable_by_default(answer->status) || (d.has & DIRECTIVE_PUBLIC);
	bool guess = may_guess && !post &&
	    ((d.has & DIRECTIVE_PUBLIC) || !(request->has & REQUEST_COOKIE) || policy->ignore_cookies);
	cache_freshness_read(answer, &d, targeted, guess, policy, &f);
	if (post && !serves_get(key, answer, &f))
		return CACHE_NOT_METHOD;
	if (!f.is_explicit && !guess)
		return CACHE_NOT_FRESH;
	if (cache_vary_names(&answer->fields, names) < 0)
		return CACHE_NOT_VARY;
	*ret = (struct cache_terms){ .received_ns = answer->received_ns, .date_s = f.date_s,
		.modified_s = f.modified_s,
		.initial_age_s = f.initial_age_s, .lifetime_s = f.lifetime_s, .status = (uint16_t)answer->status,
		.flags = flags_of(&d, &f, post) };
	set_grace(&d, policy, ret);
	if (!set_part(answer, ret))
		return CACHE_NOT_RANGE;
	return is_of_use(ret, &answer->fields) ? CACHE_STORE : CACHE_NOT_FRESH;
}

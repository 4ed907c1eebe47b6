/* SPDX-License-Identifier: MIT */
#include "cache/request.h"

#include "cache/directives.h"

static const struct { const char *name; enum cache_method method;
} methods[] = {
	{ "GET", CACHE_GET },
	{ "HEAD", CACHE_HEAD },
	{ "POST", CACHE_POST },
	{ "OPTIONS", CACHE_SAFE },
	{ "TRACE", CACHE_SAFE },
	{ "PROPFIND", CACHE_SAFE },
	{ "REPORT", CACHE_SAFE },
	{ "SEARCH", CACHE_SAFE },
	{ "QUERY", CACHE_SAFE },
	{ "CONNECT", CACHE_SAFE },
};

/* Methods are case-sensitive (RFC 9110, section 9.1). */
static enum cache_method
method_of(struct text t)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (t.size == strlen(methods[i].name) && memcmp(t.at, methods[i].name, t.size) == 0)
			return methods[i].method;
	return CACHE_UNSAFE;
}

/* What the presence of a field says. Sorted out by length first: most fields of a request are none
 * of these. */
static uint32_t
presence(struct text name)
{
	switch (name.size) {
	case 5:  return text_is(name, "range") ? REQUEST_RANGE : 0;
	case 6:  return text_is(name, "cookie") ? REQUEST_COOKIE : 0;
	case 8:  return text_is(name, "if-range") ? REQUEST_IF_RANGE :
		    text_is(name, "if-match") ? REQUEST_IF_ORIGIN : 0;
	case 13: return text_is(name, "if-none-match") ? REQUEST_IF_NONE_MATCH :
		    text_is(name, "authorization") ? REQUEST_AUTHORIZATION : 0;
	case 17: return text_is(name, "if-modified-since") ? REQUEST_IF_MODIFIED_SINCE :
		    text_is(name, "transfer-encoding") ? REQUEST_BODY : 0;
	case 19: return text_is(name, "if-unmodified-since") ? REQUEST_IF_ORIGIN : 0;
	}
	return 0;
}

static void
take_directives(const struct http_fields *fields, struct cache_request *ret)
{
	struct cache_directives d;

	cache_directives_read(fields, &d);
	ret->has |= (d.has & DIRECTIVE_NO_CACHE || d.n_lists ? REQUEST_NO_CACHE : 0) |
	    (d.has & DIRECTIVE_NO_STORE ? REQUEST_NO_STORE : 0) |
	    (d.has & DIRECTIVE_ONLY_IF_CACHED ? REQUEST_ONLY_IF_CACHED : 0);
	ret->max_age_s = d.max_age_s;
	ret->min_fresh_s = d.min_fresh_s;
	ret->max_stale_s = d.max_stale_s;
	ret->stale_error_s = d.stale_error_s;
}

void
cache_request_read(struct text method, const struct cache_key *key,
    const struct http_fields *fields, const struct cache_policy *policy, struct cache_request *ret)
{
	bool control = false, pragma = false;

	*ret = (struct cache_request){ .method = method_of(method),
		.has = key->ambiguous ? REQUEST_AMBIGUOUS : 0, .max_age_s = DIRECTIVE_NONE,
		.min_fresh_s = DIRECTIVE_NONE, .max_stale_s = DIRECTIVE_NONE, .stale_error_s = DIRECTIVE_NONE };
	for (const struct http_field *f = fields->at; f < fields->at + fields->n; f++) {
		ret->has |= presence(f->name);
		if (f->name.size == 13 && text_is(f->name, "cache-control"))
			control = true;
		else if (f->name.size == 6 && text_is(f->name, "pragma"))
			pragma |= text_lists(f->value, "no-cache");
		else if (f->name.size == 14 && text_is(f->name, "content-length") && !text_is(f->value, "0"))
			ret->has |= REQUEST_BODY;
	}
	if (policy->ignore_requests)
		return;
	if (control)
		take_directives(fields, ret);
	else if (pragma)   /* RFC 9111, section 5.4 */
		ret->has |= REQUEST_NO_CACHE;
}

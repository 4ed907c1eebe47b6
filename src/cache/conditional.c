/* SPDX-License-Identifier: MIT */
#include "cache/conditional.h"

#include "cache/etag.h"

/* When the stored answer was last changed, for If-Modified-Since (RFC 9111, section 4.3.2). */
static int64_t
changed_s(const struct cache_terms *t)
{
	return t->modified_s != CACHE_NO_TIME ? t->modified_s : t->date_s;
}

static bool
read_one_date(const struct http_fields *fields, const char *name, int64_t now_s, int64_t *ret_s)
{
	const struct http_field *f = http_field_next(fields, name, NULL);

	return f && !http_field_next(fields, name, f) && http_date_read(f->value, now_s, ret_s);
}

static bool
is_not_modified(const struct cache_request *r, const struct http_fields *fields,
    const struct cache_terms *t, struct text etag)
{
	int64_t since_s;

	if (r->has & REQUEST_IF_NONE_MATCH)
		return etag_listed(fields, "if-none-match", etag);
	return (r->has & REQUEST_IF_MODIFIED_SINCE) &&
	    read_one_date(fields, "if-modified-since", t->received_ns / NS_PER_S, &since_s) &&
	    changed_s(t) <= since_s;
}

/* Section 13.1.5: only what identifies the bytes. A date does so when it was over when the answer
 * was made (section 8.8.2.2). */
static bool
is_same_representation(const struct http_fields *fields, const struct cache_terms *t,
    struct text etag)
{
	const struct http_field *f = http_field_next(fields, "if-range", NULL);
	int64_t date_s;

	if (!f || http_field_next(fields, "if-range", f))
		return false;
	if (http_date_read(f->value, t->received_ns / NS_PER_S, &date_s))
		return (t->flags & TERMS_DATE) && t->modified_s == date_s && t->date_s > t->modified_s;
	return etag_equal_strong(f->value, etag);
}

static enum cache_answer_kind
whole_or_missing(const struct cache_terms *t)
{
	return t->flags & TERMS_PARTIAL ? CACHE_ANSWER_MISSING : CACHE_ANSWER_WHOLE;
}

enum cache_answer_kind
cache_answer_kind(const struct cache_request *request, const struct http_fields *fields,
    const struct cache_terms *terms, struct text etag, struct cache_ranges *ranges)
{
	ranges->n = 0;
	if (terms->status != 200 && terms->status != 206)
		return CACHE_ANSWER_WHOLE;
	if (is_not_modified(request, fields, terms, etag))
		return CACHE_ANSWER_304;
	if (!(request->has & REQUEST_RANGE) || request->method != CACHE_GET)
		return whole_or_missing(terms);
	if ((request->has & REQUEST_IF_RANGE) && !is_same_representation(fields, terms, etag))
		return whole_or_missing(terms);
	switch (cache_ranges_read(fields, terms->full_bytes, ranges)) {
	case CACHE_RANGE_WHOLE:
		return whole_or_missing(terms);
	case CACHE_RANGE_OUTSIDE:
		return CACHE_ANSWER_416;
	case CACHE_RANGE_UNKNOWN:
		return terms->flags & TERMS_PARTIAL ? CACHE_ANSWER_MISSING : CACHE_ANSWER_WHOLE;
	case CACHE_RANGE_PARTS:
		break;
	}
	return cache_ranges_held(ranges, terms) ? CACHE_ANSWER_PARTS : CACHE_ANSWER_MISSING;
}

bool
cache_field_in_304(struct text name)
{
	static const char *const of_body[] = { "content-type", "content-encoding",
		"content-language", "content-disposition", "content-md5", "content-digest",
		"repr-digest", "digest", "accept-ranges" };

	for (size_t i = 0; i < sizeof(of_body) / sizeof(of_body[0]); i++)
		if (text_is(name, of_body[i]))
			return false;
	return true;
}

void
cache_condition_write(const struct cache_terms *terms, struct text etag,
    struct cache_condition *ret)
{
	ret->n = 0;
	if (etag.size)
		ret->at[ret->n++] = (struct http_field){ { "If-None-Match", 13 }, etag };
	if (terms->modified_s == CACHE_NO_TIME)
		return;
	http_date_write(terms->modified_s, ret->date);
	ret->at[ret->n++] = (struct http_field){ { "If-Modified-Since", 17 },
		{ ret->date, HTTP_DATE_SIZE } };
}

bool
cache_field_is_clients(struct text name)
{
	return text_is(name, "if-none-match") || text_is(name, "if-modified-since") ||
	    text_is(name, "range") || text_is(name, "if-range");
}

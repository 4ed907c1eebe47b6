/* SPDX-License-Identifier: MIT */
#include "cache/update.h"

#include "cache/etag.h"
#include "cache/field_list.h"
#include "cache/http_date.h"

#define FIELDS_MAX 256   /* of a stored head and a 304 together; what is more is left out */

static struct text
value_of(const struct http_fields *fields, const char *name)
{
	const struct http_field *f = http_field_next(fields, name, NULL);

	return f ? f->value : (struct text){ "", 0 };
}

/* ---- which one is meant ---- */

/* Section 4.3.4. A 304 without any validator answers the condition it was asked with, and that
 * named this one. */
static bool
is_for(const struct cache_terms *stored, struct text head, const struct cache_answer *a)
{
	struct text etag = value_of(&a->fields, "etag"), date = value_of(&a->fields, "last-modified");
	int64_t modified_s;

	if (etag_is_strong(etag) && (stored->flags & TERMS_ETAG_STRONG))
		return etag_equal_strong(etag, cache_etag(stored, head.at));
	if (etag.size && stored->etag_size)
		return etag_equal_weak(etag, cache_etag(stored, head.at));
	if (date.size && stored->modified_s != CACHE_NO_TIME)
		return http_date_read(date, a->received_ns / NS_PER_S, &modified_s) &&
		    modified_s == stored->modified_s;
	return true;
}

enum cache_outcome
cache_outcome(const struct cache_terms *stored, struct text head, const struct cache_answer *answer)
{
	if (answer->status == 304)
		return is_for(stored, head, answer) ? CACHE_CONFIRMED : CACHE_FOREIGN;
	return answer->status >= 500 ? CACHE_FAILED : CACHE_REPLACED;
}

bool
cache_head_agrees(const struct cache_terms *stored, struct text head,
    const struct cache_answer *answer)
{
	struct text length = value_of(&answer->fields, "content-length");
	int64_t bytes = 0;

	for (size_t i = 0; i < length.size && bytes < INT64_MAX / 100; i++)
		bytes = bytes * 10 + length.at[i] - '0';
	if (length.size && stored->full_bytes != CACHE_NO_SIZE && bytes != stored->full_bytes)
		return false;
	return is_for(stored, head, answer);
}

/* ---- the new head ---- */

/* Section 3.2: what describes the bytes as they are stored stays as it was. */
static bool
is_updated(struct text name)
{
	return !text_is(name, "content-encoding") && !text_is(name, "content-length") &&
	    !text_is(name, "content-range") && !text_is(name, "transfer-encoding");
}

static bool
is_named(const struct http_fields *fields, struct text name)
{
	for (const struct http_field *f = fields->at; f < fields->at + fields->n; f++)
		if (text_order(f->name, name) == 0)
			return true;
	return false;
}

/* A 304 without a Date was made when it came (RFC 9110, section 6.6.1): the old Date would make it
 * old. */
static uint32_t
merge(struct text head, const struct http_fields *new_fields, const struct cache_policy *policy,
    struct http_field merged[FIELDS_MAX])
{
	bool cookies = policy->cookies == CACHE_COOKIES_KEEP;
	uint32_t n = 0;

	for (struct http_field f; n < FIELDS_MAX && cache_head_next(&head, &f);)
		if (!text_is(f.name, "date") && (!is_named(new_fields, f.name) || !is_updated(f.name)))
			merged[n++] = f;
	for (const struct http_field *f = new_fields->at;
	     f < new_fields->at + new_fields->n && n < FIELDS_MAX; f++)
		if (is_updated(f->name) && (cookies || !text_is(f->name, "set-cookie")))
			merged[n++] = *f;
	return n;
}

enum cache_refusal
cache_update(const struct cache_request *request, const struct cache_key *key,
    const struct cache_terms *stored, struct text head, const struct cache_answer *answer,
    const struct cache_policy *policy, struct cache_terms *ret_terms, struct buf *out)
{
	struct http_field merged[FIELDS_MAX];
	struct cache_answer whole = *answer;
	struct cache_request get = *request;

	whole.fields = (struct http_fields){ merged, merge(head, &answer->fields, policy, merged) };
	whole.status = stored->flags & TERMS_PARTIAL ? 200 : stored->status;
	get.method = CACHE_GET;   /* a HEAD, or the GETs that a POST's answer serves */
	enum cache_refusal refusal = cache_storable(&get, key, &whole, policy, ret_terms);
	if (refusal != CACHE_STORE)
		*ret_terms = *stored;
	ret_terms->status = stored->status;
	ret_terms->full_bytes = stored->full_bytes;
	ret_terms->first = stored->first;
	ret_terms->held = stored->held;
	ret_terms->flags |= stored->flags & (TERMS_PARTIAL | TERMS_OF_POST);
	cache_head_write(&whole.fields, policy, ret_terms, out);
	return refusal;
}

/* SPDX-License-Identifier: MIT */
#include "cache/head.h"

#include "cache/etag.h"
#include "cache/field_list.h"
#include "cache/http_date.h"

static bool
is_one_of(struct text name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text_is(name, list[i]))
			return true;
	return false;
}

/* Is this a field that belongs to one connection, and so to nobody else (RFC 9110, section 7.6.1)?
 * `all`: the message, for its Connection. */
static bool
cache_field_is_hop(struct text name, const struct http_fields *all)
{
	static const char *const hop[] = { "connection", "proxy-connection", "keep-alive", "te",
		"transfer-encoding", "upgrade", "trailer", "proxy-authenticate",
		"proxy-authentication-info", "proxy-authorization" };

	if (is_one_of(name, hop, sizeof(hop) / sizeof(hop[0])))
		return true;
	for (const struct http_field *f = NULL; (f = http_field_next(all, "connection", f));)
		if (text_names(f->value, name))
			return true;
	return false;
}

static bool
is_stored(struct text name, const struct http_fields *all, const struct cache_directives *d,
    const struct cache_policy *policy, bool part)
{
	return !text_is(name, "age") && !text_is(name, "content-length") &&
	    !(part && text_is(name, "content-range")) &&
	    !(policy->cookies != CACHE_COOKIES_KEEP && text_is(name, "set-cookie")) &&
	    !cache_directives_name(d, name) && !cache_field_is_hop(name, all);
}

static void
put_line(struct buf *out, struct text name, struct text value)
{
	buf_append(out, name.at, name.size);
	buf_append(out, ": ", 2);
	buf_append(out, value.at, value.size);
	buf_append(out, "\r\n", 2);
}

static void
put_field(struct buf *out, const struct http_field *f, struct cache_terms *t)
{
	bool etag = t->etag_size == 0 && f->value.size <= UINT16_MAX && text_is(f->name, "etag");

	put_line(out, f->name, f->value);
	if (!etag)
		return;
	t->etag_at = (uint32_t)(out->size - 2 - f->value.size);
	t->etag_size = (uint16_t)f->value.size;
	t->flags |= etag_is_strong(f->value) ? TERMS_ETAG_STRONG : 0;
}

void
cache_head_write(const struct http_fields *answer, const struct cache_policy *policy,
    struct cache_terms *terms, struct buf *out)
{
	struct cache_directives d;

	cache_directives_of(answer, policy, &d);
	terms->etag_size = 0;
	terms->flags &= (uint16_t)~TERMS_ETAG_STRONG;
	for (const struct http_field *f = answer->at; f < answer->at + answer->n; f++)
		if (is_stored(f->name, answer, &d, policy, terms->flags & TERMS_PARTIAL))
			put_field(out, f, terms);
	if (!http_field_next(answer, "date", NULL)) {   /* RFC 9110, section 6.6.1 */
		char date[HTTP_DATE_SIZE];
		http_date_write(terms->date_s, date);
		put_line(out, (struct text){ "Date", 4 }, (struct text){ date, sizeof(date) });
	}
}

bool
cache_head_next(struct text *rest, struct http_field *ret)
{
	const char *end = rest->size ? memmem(rest->at, rest->size, "\r\n", 2) : NULL;
	const char *colon = end ? memchr(rest->at, ':', (size_t)(end - rest->at)) : NULL;

	if (!colon)
		return false;
	ret->name = (struct text){ rest->at, (size_t)(colon - rest->at) };
	ret->value = text_trim((struct text){ colon + 1, (size_t)(end - colon - 1) });
	rest->size -= (size_t)(end + 2 - rest->at);
	rest->at = end + 2;
	return true;
}

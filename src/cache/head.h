/* SPDX-License-Identifier: MIT */
/* The head of a stored answer: its fields as lines of text, "Name: value" CRLF, without a status
 * line and without an empty line at the end, ready to be sent. Left out are (RFC 9111, section 3.1)
 * what belongs to one connection or to a proxy, fields named by no-cache="..." and private="...",
 * and those that whoever serves writes anew each time: Age, Content-Length, and of a part
 * Content-Range (which means nothing elsewhere, and is kept like any other field). */
#pragma once

#include "base/buf.h"
#include "cache/storable.h"

/* To be the cap of the buffer; a head that is truncated by it is not stored. */
#define CACHE_HEAD_MAX ((size_t)64 << 10)

/* Appends the head and sets the place of the entity tag in *terms. */
void cache_head_write(const struct http_fields *answer, const struct cache_policy *policy,
    struct cache_terms *terms, struct buf *out);

/* The next field of a stored head; `rest` is the head at first. */
bool cache_head_next(struct text *rest, struct http_field *ret);

static inline struct text
cache_etag(const struct cache_terms *t, const char *head)
{
	return (struct text){ head + t->etag_at, t->etag_size };
}

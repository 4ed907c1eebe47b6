/* SPDX-License-Identifier: MIT */
#include "cache/etag.h"

static bool
is_weak(struct text t)
{
	return t.size > 2 && t.at[0] == 'W' && t.at[1] == '/' && t.at[2] == '"';
}

static bool
is_quoted(struct text t)
{
	return t.size >= 2 && t.at[0] == '"' && t.at[t.size - 1] == '"' &&
	    memchr(t.at + 1, '"', t.size - 1) == t.at + t.size - 1;
}

bool
etag_is_strong(struct text tag)
{
	return is_quoted(tag);
}

static bool
equal(struct text a, struct text b)
{
	return a.size && a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

static struct text
opaque(struct text t)
{
	return is_weak(t) ? (struct text){ t.at + 2, t.size - 2 } : t;
}

bool
etag_equal_strong(struct text a, struct text b)
{
	return is_quoted(a) && is_quoted(b) && equal(a, b);
}

bool
etag_equal_weak(struct text a, struct text b)
{
	return equal(opaque(a), opaque(b));
}

/* Up to the comma behind it: between the quotes of a tag, commas and backslashes are its own. */
static size_t
tag_size(struct text t)
{
	size_t open = is_weak(t) ? 2 : 0, n = open;

	if (t.at[open] == '"') {
		const char *close = memchr(t.at + open + 1, '"', t.size - open - 1);
		n = close ? (size_t)(close - t.at) + 1 : open;
	}
	while (n < t.size && t.at[n] != ',')
		n++;
	return n;
}

bool
etag_listed(const struct http_fields *fields, const char *name, struct text tag)
{
	for (const struct http_field *f = NULL; (f = http_field_next(fields, name, f));) {
		struct text rest = f->value;
		if (text_is(rest, "*"))
			return true;
		while (rest.size) {
			if (rest.at[0] == ',' || rest.at[0] == ' ' || rest.at[0] == '\t') {
				rest.at++, rest.size--;
				continue;
			}
			size_t n = tag_size(rest);
			if (etag_equal_weak(text_trim((struct text){ rest.at, n }), tag))
				return true;
			rest.at += n, rest.size -= n;
		}
	}
	return false;
}

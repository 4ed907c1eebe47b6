/* SPDX-License-Identifier: MIT */
#include "gate/warm/pattern.h"

#include <string.h>

#include "gate/encode.h"

static bool
is_tag(const char *pattern)
{
	return strncmp(pattern, "tag:", 4) == 0;
}

/* A name of an SQL column without quotes, or of anything. */
static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static const char *
fault_of_names(const char *p)
{
	int names = 0;

	for (; *p; p++) {
		if (*p == '}')
			return "has a '}' without '{'";
		if (*p != '{')
			continue;
		size_t n = 0;
		while (is_name_char(p[1 + n]))
			n++;
		if (p[1 + n] != '}' || n < 1 || n > PATTERN_NAME_MAX)
			return "has no name between its braces";
		if (p[2 + n] == '{')
			return "has two names without anything between them";
		if (++names > PATTERN_VALUES_MAX)
			return "has too many names";
		p += 1 + n;
	}
	return NULL;
}

const char *
pattern_fault(const char *pattern)
{
	for (const char *p = pattern; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '#')
			return "has characters that no key has";
	if (is_tag(pattern))
		return pattern[4] ? fault_of_names(pattern) : "names no tag";
	if (strcmp(pattern, "all") == 0)
		return NULL;
	const char *path = pattern;
	if (strncmp(pattern, "http://", 7) == 0 || strncmp(pattern, "https://", 8) == 0) {
		path = strchr(strstr(pattern, "://") + 3, '/');
		if (!path)
			return "has no path";
	}
	return *path == '/' ? fault_of_names(pattern) : "is neither a path nor a URL nor a tag";
}

const char *
pattern_next_name(const char *at, char name[PATTERN_NAME_MAX + 1])
{
	const char *open = strchr(at, '{'), *close = open ? strchr(open, '}') : NULL;

	if (!close || close - open - 1 > PATTERN_NAME_MAX)
		return NULL;
	memcpy(name, open + 1, (size_t)(close - open - 1));
	name[close - open - 1] = '\0';
	return close + 1;
}

bool
pattern_has_name(const char *pattern, const char *name)
{
	char other[PATTERN_NAME_MAX + 1];

	for (const char *at = pattern; (at = pattern_next_name(at, other));)
		if (strcmp(other, name) == 0)
			return true;
	return false;
}

/* ---- taking apart ---------------------------------------------------------------------------- */

/* The same name twice stands for the same. */
static bool
add_value(struct pattern_values *v, struct text name, struct text value)
{
	struct text known = pattern_value_of(v, name);

	if (known.at)
		return known.size == value.size && memcmp(known.at, value.at, value.size) == 0;
	if (!value.size || v->n == PATTERN_VALUES_MAX)
		return false;
	v->at[v->n].name = name;
	v->at[v->n++].value = value;
	return true;
}

bool
pattern_match(const char *pattern, struct text text, struct pattern_values *ret)
{
	const char *stops = is_tag(pattern) ? "/?&:" : "/?&", *t = text.at, *end = text.at + text.size;

	ret->n = 0;
	for (const char *p = pattern; *p;) {
		if (*p != '{') {
			if (t == end || *t++ != *p++)
				return false;
			continue;
		}
		const char *close = strchr(p, '}'), *from = t;
		while (t < end && *t != close[1] && !strchr(stops, *t))
			t++;
		if (!add_value(ret, (struct text){ p + 1, (size_t)(close - p - 1) },
		    (struct text){ from, (size_t)(t - from) }))
			return false;
		p = close + 1;
	}
	return t == end;
}

struct text
pattern_value_of(void *values, struct text name)
{
	const struct pattern_values *v = values;

	for (int i = 0; i < v->n; i++)
		if (v->at[i].name.size == name.size && memcmp(v->at[i].name.at, name.at, name.size) == 0)
			return v->at[i].value;
	return (struct text){ 0 };
}

/* ---- putting together ------------------------------------------------------------------------ */

bool
pattern_expand(const char *pattern, pattern_value_fn *value, void *ctx, bool raw, struct buf *out)
{
	size_t before = out->size;

	for (const char *p = pattern; *p; p++) {
		if (*p != '{') {
			buf_putc(out, *p);
			continue;
		}
		const char *close = strchr(p, '}');
		struct text v = value(ctx, (struct text){ p + 1, (size_t)(close - p - 1) });
		if (!v.at) {
			out->size = before;
			if (out->data)
				out->data[before] = '\0';
			return false;
		}
		if (raw || is_tag(pattern))
			buf_append(out, v.at, v.size);
		else
			encode_url(out, v);
		p = close;
	}
	return true;
}

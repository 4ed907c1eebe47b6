/* SPDX-License-Identifier: MIT */
#include "cache/vary.h"

#include <ctype.h>
#include <errno.h>

#include "cache/field_list.h"

#define NAMES_MAX       16
#define PREFERENCES_MAX 24

/* ---- names ---- */

static int
compare(struct text a, struct text b)
{
	size_t n = a.size < b.size ? a.size : b.size;
	int order = strncasecmp(a.at, b.at, n);

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* Keeps the list sorted and each name once: false when it is full. */
static bool
insert_name(struct text names[NAMES_MAX], int *n, struct text name)
{
	int i = *n;

	for (int k = 0; k < *n; k++)
		if (compare(names[k], name) == 0)
			return true;
	if (i == NAMES_MAX)
		return false;
	for (; i > 0 && compare(names[i - 1], name) > 0; i--)
		names[i] = names[i - 1];
	names[i] = name;
	(*n)++;
	return true;
}

int
cache_vary_names(const struct http_fields *answer, char out[CACHE_VARY_NAMES_MAX])
{
	struct field_list list = { answer, "vary" };
	struct text names[NAMES_MAX], name;
	int n = 0, size = 0;

	while (field_list_next(&list, &name))
		if (text_is(name, "*") || text_token(name).size != name.size || !insert_name(names, &n, name))
			return -EINVAL;
	for (int i = 0; i < n; i++) {
		if (size + 1 + names[i].size > CACHE_VARY_NAMES_MAX)
			return -EINVAL;
		if (i)
			out[size++] = ',';
		for (size_t k = 0; k < names[i].size; k++)
			out[size++] = (char)tolower((unsigned char)names[i].at[k]);
	}
	return size;
}

/* ---- values ---- */

struct out {
	char *at, *end;
	bool full;
};

static void
put(struct out *o, const char *bytes, size_t size)
{
	if ((size_t)(o->end - o->at) < size) {
		o->full = true;
		return;
	}
	memcpy(o->at, bytes, size);
	o->at += size;
}

struct preference {
	struct text name;
	int weight;   /* thousandths */
};

/* ";q=0.5": thousandths, or -1 for anything else. */
static int
read_weight(struct text t)
{
	int n = 0, digits = 0;

	t = text_trim(t);
	if (t.size < 3 || strncasecmp(t.at, "q=", 2) != 0 || (t.at[2] != '0' && t.at[2] != '1') || t.size > 7)
		return -1;
	n = t.at[2] - '0';
	if (t.size > 3 && t.at[3] != '.')
		return -1;
	for (size_t i = 4; i < t.size; i++, digits++) {
		if (!isdigit((unsigned char)t.at[i]))
			return -1;
		n = n * 10 + t.at[i] - '0';
	}
	for (; digits < 3; digits++)
		n *= 10;
	return n > 1000 ? -1 : n;
}

static bool
read_preference(struct text member, struct preference *ret)
{
	ret->name = text_token(member);
	ret->weight = 1000;
	struct text rest = text_trim((struct text){ member.at + ret->name.size, member.size - ret->name.size });
	if (ret->name.size == 0)
		return false;
	if (rest.size == 0)
		return true;
	if (rest.at[0] != ';')
		return false;
	ret->weight = read_weight((struct text){ rest.at + 1, rest.size - 1 });
	return ret->weight >= 0;
}

static bool
comes_before(const struct preference *a, const struct preference *b)
{
	return a->weight != b->weight ? a->weight > b->weight : compare(a->name, b->name) < 0;
}

/* Sorted by preference; -1 when it is not what such a list looks like. */
static int
read_preferences(const struct http_fields *request, const char *name, struct preference list[PREFERENCES_MAX])
{
	struct field_list members = { request, name };
	struct text member;
	int n = 0;

	while (field_list_next(&members, &member)) {
		struct preference p;
		int i = n;
		if (n == PREFERENCES_MAX || !read_preference(member, &p))
			return -1;
		for (; i > 0 && comes_before(&p, &list[i - 1]); i--)
			list[i] = list[i - 1];
		list[i] = p;
		n++;
	}
	return n;
}

/* "br,gzip>deflate;identity": equals, then what is liked less, then what is not wanted at all. */
static bool
put_preferences(struct out *o, const struct http_fields *request, const char *name)
{
	struct preference list[PREFERENCES_MAX];
	int n = read_preferences(request, name, list);

	for (int i = 0; i < n; i++) {
		struct text t = list[i].name;
		bool refused = list[i].weight == 0;
		if (i || refused)
			put(o, refused ? ";" : list[i].weight == list[i - 1].weight ? "," : ">", 1);
		if (text_is(t, "x-gzip") || text_is(t, "x-compress"))   /* RFC 9110, section 8.4.1 */
			t.at += 2, t.size -= 2;
		for (size_t k = 0; k < t.size; k++)
			put(o, &(char){ (char)tolower((unsigned char)t.at[k]) }, 1);
	}
	return n >= 0;
}

static void
put_list(struct out *o, const struct http_fields *request, const char *name)
{
	struct field_list members = { request, name };
	struct text member;

	for (bool first = true; field_list_next(&members, &member); first = false) {
		if (!first)
			put(o, ",", 1);
		put(o, member.at, member.size);
	}
}

static void
put_lines(struct out *o, const struct http_fields *request, const char *name)
{
	for (const struct http_field *f = NULL, *next; (next = http_field_next(request, name, f)); f = next) {
		if (f)
			put(o, "\r", 1);
		put(o, next->value.at, next->value.size);
	}
}

static bool
is_preference(const char *name)
{
	return strcmp(name, "accept-encoding") == 0 || strcmp(name, "accept-language") == 0 ||
	    strcmp(name, "accept-charset") == 0;
}

/* Not lists, or about who asks: no two values mean the same. */
static bool
is_exact(const char *name)
{
	static const char *const exact[] = { "cookie", "authorization", "proxy-authorization", "user-agent", "referer",
		"origin", "host", "range", "if-range", "date", "from" };

	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
		if (strcmp(name, exact[i]) == 0)
			return true;
	return false;
}

int
cache_vary_values(struct text names, const struct http_fields *request, char out[CACHE_VARY_VALUES_MAX])
{
	struct out o = { out, out + CACHE_VARY_VALUES_MAX };

	while (names.size) {
		char name[CACHE_VARY_NAMES_MAX];
		const char *comma = memchr(names.at, ',', names.size);
		size_t n = comma ? (size_t)(comma - names.at) : names.size;
		memcpy(name, names.at, n);
		name[n] = '\0';
		names.at += n + (comma != NULL), names.size -= n + (comma != NULL);
		const char *present = http_field_next(request, name, NULL) ? "+" : "-";
		put(&o, present, 1);
		if (is_exact(name))
			put_lines(&o, request, name);
		else if (!is_preference(name) || !put_preferences(&o, request, name))
			put_list(&o, request, name);
		put(&o, "\n", 1);
	}
	return o.full ? -E2BIG : (int)(o.at - out);
}

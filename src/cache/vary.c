/* SPDX-License-Identifier: MIT */
#include "cache/vary.h"

#include <ctype.h>
#include <errno.h>

#include "cache/field_list.h"
#include "cache/preference.h"

#define NAMES_MAX 16

/* ---- names ---- */

/* Keeps the list sorted and each name once: false when it is full. */
static bool
insert_name(struct text names[NAMES_MAX], int *n, struct text name)
{
	int i = *n;

	for (int k = 0; k < *n; k++)
		if (text_order(names[k], name) == 0)
			return true;
	if (i == NAMES_MAX)
		return false;
	for (; i > 0 && text_order(names[i - 1], name) > 0; i--)
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

/* ---- what a request says: a line a name ----
 *
 * "foo:-"             the field is not there
 * "foo:+1,2"          it says this
 * "accept-encoding:=br,gzip>deflate"    preferences
 * "accept-encoding:=br,gzip>deflate=gzip"    and what the answer chose of them */

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
	for (const struct http_field *f = NULL, *next; (next = http_field_next(request, name, f));
	     f = next) {
		if (f)
			put(o, "\r", 1);
		put(o, next->value.at, next->value.size);
	}
}

static void
put_preferences(struct out *o, const struct preferences *p)
{
	put(o, "=", 1);
	size_t room = (size_t)(o->end - o->at), size = preferences_write(p, o->at, room);
	o->full |= size > room;
	o->at += size > room ? 0 : size;
}

static bool
is_one_of(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

static bool
is_preference(const char *name)
{
	static const char *const list[] = { "accept-encoding", "accept-language", "accept-charset" };

	return is_one_of(name, list, sizeof(list) / sizeof(list[0]));
}

/* No lists, or about who asks: no two values mean the same. */
static bool
is_exact(const char *name)
{
	static const char *const list[] = { "cookie", "authorization", "proxy-authorization",
		"user-agent", "referer", "origin", "host", "range", "if-range", "date", "from" };

	return is_one_of(name, list, sizeof(list) / sizeof(list[0]));
}

static void
put_value(struct out *o, const struct http_fields *request, const char *name)
{
	struct preferences p;

	put(o, name, strlen(name));
	put(o, ":", 1);
	if (!http_field_next(request, name, NULL)) {
		put(o, "-", 1);
	} else if (is_preference(name) && preferences_read(request, name, &p)) {
		put_preferences(o, &p);
	} else {
		put(o, "+", 1);
		(is_exact(name) ? put_lines : put_list)(o, request, name);
	}
}

/* ---- what the answer chose ---- */

/* Empty when the answer does not say, or says several things. */
static struct text
choice_of(const struct http_fields *answer, const char *name)
{
	bool encoding = strcmp(name, "accept-encoding") == 0;
	const char *field = encoding ? "content-encoding" : "content-language";
	const struct http_field *f = http_field_next(answer, field, NULL);

	if (!encoding && strcmp(name, "accept-language") != 0)
		return (struct text){ "", 0 };
	if (!f)
		return encoding ? (struct text){ "identity", 8 } : (struct text){ "", 0 };
	bool one = text_token(f->value).size == f->value.size && !http_field_next(answer, field, f);
	return one ? f->value : (struct text){ "", 0 };
}

static void
put_choice(struct out *o, const struct http_fields *answer, const char *name, const char *line)
{
	struct text choice = choice_of(answer, name);
	const char *value = line + strlen(name) + 1;

	if (choice.size == 0 || value >= o->at || *value != '=')
		return;
	put(o, "=", 1);
	put(o, choice.at, choice.size);
}

/* ---- texts ---- */

/* The next word up to `end`, as a string; false when there is none. */
static bool
next_word(struct text *t, char end, char word[CACHE_VARY_NAMES_MAX])
{
	const char *at = t->size ? memchr(t->at, end, t->size) : NULL;
	size_t n = at ? (size_t)(at - t->at) : t->size;

	if (n == 0 || n >= CACHE_VARY_NAMES_MAX)
		return false;
	memcpy(word, t->at, n);
	word[n] = '\0';
	n += at != NULL;
	t->at += n, t->size -= n;
	return true;
}

int
cache_vary_write(const struct http_fields *answer, const struct http_fields *request,
    char out[CACHE_VARY_MAX])
{
	char all[CACHE_VARY_NAMES_MAX], name[CACHE_VARY_NAMES_MAX];
	struct out o = { out, out + CACHE_VARY_MAX };
	int n = cache_vary_names(answer, all);

	if (n <= 0)
		return n;
	for (struct text names = { all, (size_t)n }; next_word(&names, ',', name);) {
		const char *line = o.at;
		put_value(&o, request, name);
		put_choice(&o, answer, name, line);
		put(&o, "\n", 1);
	}
	return o.full ? -E2BIG : (int)(o.at - out);
}

static struct text
next_line(struct text *t)
{
	const char *end = t->size ? memchr(t->at, '\n', t->size) : NULL;
	struct text line = { t->at, end ? (size_t)(end - t->at) : t->size };

	t->at += line.size + (end != NULL);
	t->size -= line.size + (end != NULL);
	return line;
}

int
cache_vary_expected(struct text stored, const struct http_fields *request, char out[CACHE_VARY_MAX])
{
	struct out o = { out, out + CACHE_VARY_MAX };
	char name[CACHE_VARY_NAMES_MAX];

	while (stored.size) {
		struct text line = next_line(&stored);
		if (next_word(&line, ':', name)) {
			put_value(&o, request, name);
			put(&o, "\n", 1);
		}
	}
	return o.full ? -E2BIG : (int)(o.at - out);
}

/* `value`: "=br,gzip>deflate=gzip" */
static bool
is_same_choice(struct text value, const struct http_fields *request, const char *name)
{
	const char *at = value.size > 1 ? memrchr(value.at + 1, '=', value.size - 1) : NULL;
	struct preferences before, now;

	if (!at || value.at[0] != '=' || !http_field_next(request, name, NULL) ||
	    !preferences_read(request, name, &now))
		return false;
	struct text choice = { at + 1, (size_t)(value.at + value.size - at - 1) };
	preferences_reread((struct text){ value.at + 1, (size_t)(at - value.at - 1) }, &before);
	return preferences_keep_choice(&before, &now, choice) ||
	    (strcmp(name, "accept-language") == 0 && preferences_like_most(&now, choice));
}

static bool
matches_line(struct text line, const struct http_fields *request)
{
	char said[CACHE_VARY_MAX], name[CACHE_VARY_NAMES_MAX];
	struct out o = { said, said + sizeof(said) };
	struct text value = line;

	if (!next_word(&value, ':', name))
		return false;
	put_value(&o, request, name);
	size_t n = (size_t)(o.at - said);
	if (o.full || line.size < n || memcmp(line.at, said, n) != 0 ||
	    (line.size > n && !(value.at[0] == '=' && line.at[n] == '=')))
		return !o.full && is_same_choice(value, request, name);
	return true;
}

bool
cache_vary_matches(struct text stored, const struct http_fields *request)
{
	while (stored.size)
		if (!matches_line(next_line(&stored), request))
			return false;
	return true;
}

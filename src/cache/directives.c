/* SPDX-License-Identifier: MIT */
#include "cache/directives.h"

#include "cache/field_list.h"
#include "cache/structured.h"

enum argument {
	FLAG,      /* none wanted; one that is there changes nothing */
	NAMES,     /* none, or a list of fields */
	LIFETIME,  /* seconds; anything else is 0 */
	GRACE,     /* seconds; anything else is not there */
	GRACE_OR_ANY,   /* the same, but without an argument unbounded */
};

static const struct known {
	const char *name;
	enum argument argument;
	uint32_t flag;
	size_t at;     /* of the figure */
} known[] = {
	{ "max-age", LIFETIME, 0, offsetof(struct cache_directives, max_age_s) },
	{ "s-maxage", LIFETIME, 0, offsetof(struct cache_directives, s_maxage_s) },
	{ "public", FLAG, DIRECTIVE_PUBLIC, 0 },
	{ "private", NAMES, DIRECTIVE_PRIVATE, 0 },
	{ "no-cache", NAMES, DIRECTIVE_NO_CACHE, 0 },
	{ "no-store", FLAG, DIRECTIVE_NO_STORE, 0 },
	{ "must-revalidate", FLAG, DIRECTIVE_MUST_REVALIDATE, 0 },
	{ "proxy-revalidate", FLAG, DIRECTIVE_PROXY_REVALIDATE, 0 },
	{ "must-understand", FLAG, DIRECTIVE_MUST_UNDERSTAND, 0 },
	{ "no-transform", FLAG, DIRECTIVE_NO_TRANSFORM, 0 },
	{ "only-if-cached", FLAG, DIRECTIVE_ONLY_IF_CACHED, 0 },
	{ "stale-while-revalidate", GRACE, 0, offsetof(struct cache_directives, stale_behind_s) },
	{ "stale-if-error", GRACE, 0, offsetof(struct cache_directives, stale_error_s) },
	{ "max-stale", GRACE_OR_ANY, 0, offsetof(struct cache_directives, max_stale_s) },
	{ "min-fresh", GRACE, 0, offsetof(struct cache_directives, min_fresh_s) },
};

static const struct cache_directives none = {
	.max_age_s = DIRECTIVE_NONE, .s_maxage_s = DIRECTIVE_NONE, .stale_behind_s = DIRECTIVE_NONE,
	.stale_error_s = DIRECTIVE_NONE, .max_stale_s = DIRECTIVE_NONE, .min_fresh_s = DIRECTIVE_NONE,
};

static const struct known *
find(struct text name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (text_is(name, known[i].name))
			return &known[i];
	return NULL;
}

static int32_t *
figure_of(struct cache_directives *d, const struct known *k)
{
	return (int32_t *)((char *)d + k->at);
}

static void
set_names(struct cache_directives *d, const struct known *k, struct text names)
{
	if (names.size && d->n_lists < DIRECTIVE_LISTS_MAX)
		d->lists[d->n_lists++] = names;
	else
		d->has |= k->flag;
}

bool
cache_directives_name(const struct cache_directives *d, struct text name)
{
	for (uint32_t i = 0; i < d->n_lists; i++)
		if (text_names(d->lists[i], name))
			return true;
	return false;
}

/* ---- Cache-Control ---- */

/* Without its quotes; without a value when the argument is neither a token nor quoted whole. */
static struct text
unquote(struct text t)
{
	if (t.size >= 2 && t.at[0] == '"' && t.at[t.size - 1] == '"')
		return (struct text){ t.at + 1, t.size - 2 };
	return text_token(t).size == t.size ? t : (struct text){ 0 };
}

static void
set(struct cache_directives *d, const struct known *k, bool has_argument, struct text argument)
{
	int32_t s = 0;

	if (k->argument == FLAG) {
		d->has |= k->flag;
	} else if (k->argument == NAMES) {
		set_names(d, k, argument);
	} else if (*figure_of(d, k) == DIRECTIVE_NONE) {
		if (k->argument == GRACE_OR_ANY && !has_argument)
			*figure_of(d, k) = INT32_MAX;
		else if (text_seconds(argument, &s) || k->argument == LIFETIME)
			*figure_of(d, k) = s;
	}
}

static void
read_member(struct cache_directives *d, struct text member)
{
	struct text name = text_token(member), rest = { member.at + name.size, member.size - name.size };
	const struct known *k = find(name);

	d->any |= name.size > 0;
	if (!k)
		return;
	bool has_argument = rest.size > 0;
	if (has_argument && rest.at[0] == '=')
		set(d, k, true, unquote((struct text){ rest.at + 1, rest.size - 1 }));
	else
		set(d, k, has_argument, (struct text){ 0 });
}

void
cache_directives_read(const struct http_fields *fields, struct cache_directives *ret)
{
	struct field_list list = { fields, "cache-control" };
	struct text member;

	*ret = none;
	while (field_list_next(&list, &member))
		read_member(ret, member);
}

/* ---- targeted ---- */

static bool
is_integer(const struct sf_member *m)
{
	return m->type == SF_INTEGER && m->number >= 0;
}

/* The last of several counts, so each one replaces. */
static void
set_targeted(struct cache_directives *d, const struct known *k, const struct sf_member *m)
{
	bool off = m->type == SF_BOOLEAN && m->number == 0;

	if (k->argument == FLAG) {
		d->has = off ? d->has & ~k->flag : d->has | k->flag;
	} else if (k->argument == NAMES) {
		if (!off)
			set_names(d, k, m->type == SF_STRING ? m->text : (struct text){ 0 });
	} else if (is_integer(m)) {
		*figure_of(d, k) = m->number > INT32_MAX ? INT32_MAX : (int32_t)m->number;
	} else {
		*figure_of(d, k) = k->argument == LIFETIME ? 0 : DIRECTIVE_NONE;
	}
}

/* Several lines are one dictionary, its members parted by commas (RFC 8941, section 4.2). Read line
 * by line that is the same, but for a string that is broken over two lines, and that no one
 * means. */
bool
cache_directives_targeted(const struct http_fields *fields, const char *name,
    struct cache_directives *ret)
{
	struct cache_directives d = none;

	for (const struct http_field *f = NULL; (f = http_field_next(fields, name, f));) {
		struct sf_reader r = { f->value.at, f->value.at + f->value.size };
		struct sf_member m;
		int more;

		while ((more = sf_next_member(&r, &m)) > 0) {
			const struct known *k = find(m.key);
			d.any = true;
			if (k)
				set_targeted(&d, k, &m);
		}
		if (more < 0)
			return false;
	}
	if (d.any)
		*ret = d;
	return d.any;
}

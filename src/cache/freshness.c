/* SPDX-License-Identifier: MIT */
#include "cache/freshness.h"

#include "cache/field_list.h"
#include "cache/http_date.h"

static int32_t
seconds(int64_t s)
{
	return s < 0 ? 0 : s > INT32_MAX ? INT32_MAX : (int32_t)s;
}

static bool
read_date(const struct http_fields *fields, const char *name, int64_t now_s, int64_t *ret_s)
{
	const struct http_field *f = http_field_next(fields, name, NULL);

	return f && http_date_read(f->value, now_s, ret_s);
}

/* Section 5.1: the first member, and nothing when it is no number. */
static int32_t
read_age(const struct http_fields *fields)
{
	struct field_list list = { fields, "age" };
	struct text member;
	int32_t s = 0;

	return field_list_next(&list, &member) && text_seconds(member, &s) ? s : 0;
}

/* Section 4.2.3: of the two ways to know the age, the one that says more. */
static int32_t
initial_age(const struct cache_answer *a, int64_t date_s)
{
	int64_t apparent = a->received_ns / NS_PER_S - date_s, delay_ns = a->received_ns - a->requested_ns;
	int64_t corrected = read_age(&a->fields) + (delay_ns > 0 ? delay_ns / NS_PER_S : 0);

	return seconds(apparent > corrected ? apparent : corrected);
}

/* Section 5.3: an Expires that is no date, such as 0, lies in the past. */
static bool
read_expires(const struct cache_answer *a, int64_t date_s, int32_t *ret)
{
	int64_t expires = 0;

	if (!http_field_next(&a->fields, "expires", NULL))
		return false;
	bool is_date = read_date(&a->fields, "expires", a->received_ns / NS_PER_S, &expires);
	*ret = is_date ? seconds(expires - date_s) : 0;
	return true;
}

static bool
guess_lifetime(const struct cache_freshness *f, const struct cache_policy *policy, int32_t *ret)
{
	if (policy->heuristic_pct <= 0 || f->modified_s == CACHE_NO_TIME || f->modified_s >= f->date_s)
		return false;
	int64_t s = (f->date_s - f->modified_s) / 100 * policy->heuristic_pct;
	*ret = seconds(s > policy->heuristic_max_s ? policy->heuristic_max_s : s);
	return *ret > 0;
}

void
cache_freshness_read(const struct cache_answer *answer, const struct cache_directives *d,
    bool targeted, bool guess, const struct cache_policy *policy, struct cache_freshness *ret)
{
	int64_t received_s = answer->received_ns / NS_PER_S;

	*ret = (struct cache_freshness){ .date_s = received_s, .modified_s = CACHE_NO_TIME };
	ret->has_date = read_date(&answer->fields, "date", received_s, &ret->date_s);
	read_date(&answer->fields, "last-modified", received_s, &ret->modified_s);
	ret->initial_age_s = initial_age(answer, ret->date_s);
	ret->is_explicit = true;
	if (d->s_maxage_s != DIRECTIVE_NONE)
		ret->lifetime_s = d->s_maxage_s;
	else if (d->max_age_s != DIRECTIVE_NONE)
		ret->lifetime_s = d->max_age_s;
	else if (targeted || !read_expires(answer, ret->date_s, &ret->lifetime_s))
		ret->is_explicit = false;
	if (ret->is_explicit || !guess)
		return;
	ret->heuristic = guess_lifetime(ret, policy, &ret->lifetime_s);
	if (!ret->heuristic)
		ret->lifetime_s = policy->default_s;
}

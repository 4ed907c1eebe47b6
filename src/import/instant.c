/* SPDX-License-Identifier: MIT */
#include "import/instant.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"

struct reader { const char *at, *end; };

/* Exactly n digits. */
static bool
digits(struct reader *r, int n, int64_t *ret)
{
	int64_t value = 0;

	if (r->end - r->at < n)
		return false;
	for (int i = 0; i < n; i++, r->at++) {
		if (!isdigit((unsigned char)*r->at))
			return false;
		value = value * 10 + (*r->at - '0');
	}
	*ret = value;
	return true;
}

static bool
sign(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* ".123" or nothing, in ns; digits past the ninth are dropped. */
static bool
fraction(struct reader *r, int64_t *ret_ns)
{
	int64_t unit = NS_PER_S / 10;

	*ret_ns = 0;
	if (!sign(r, '.') && !sign(r, ','))
		return true;
	if (r->at == r->end || !isdigit((unsigned char)*r->at))
		return false;
	for (; r->at < r->end && isdigit((unsigned char)*r->at); r->at++, unit /= 10)
		*ret_ns += unit * (*r->at - '0');
	return true;
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar; years start in March so that the leap
 * day is their last. */
static int64_t
days_from_civil(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	int64_t era = year / 400, of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* "Z", "+0100", "+01:00" or nothing. */
static bool
zone(struct reader *r, int64_t *ret_s)
{
	int64_t hours, minutes;
	bool west;

	*ret_s = 0;
	if (r->at == r->end || sign(r, 'Z') || sign(r, 'z'))
		return true;
	west = *r->at == '-';
	if (!sign(r, '+') && !sign(r, '-'))
		return false;
	if (!digits(r, 2, &hours))
		return false;
	sign(r, ':');
	if (!digits(r, 2, &minutes))
		return false;
	*ret_s = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return true;
}

struct instant { int64_t year, month, day, hour, minute, second, ns, zone_s; };

static int
instant_ns(const struct instant *t, const struct reader *r, int64_t *ret_ns)
{
	if (r->at != r->end || t->year < 1970 || t->year > 2200 || t->month < 1 || t->month > 12 ||
	    t->day < 1 || t->day > 31 || t->hour > 23 || t->minute > 59 || t->second > 60)
		return -EINVAL;
	int64_t s = days_from_civil(t->year, t->month, t->day) * 86400 + t->hour * 3600 +
	    t->minute * 60 + t->second - t->zone_s;
	*ret_ns = s * NS_PER_S + t->ns;
	return 0;
}

static bool
clock_time(struct reader *r, struct instant *t)
{
	return digits(r, 2, &t->hour) && sign(r, ':') && digits(r, 2, &t->minute) && sign(r, ':') &&
	    digits(r, 2, &t->second) && fraction(r, &t->ns);
}

int
instant_iso8601(const char *text, size_t size, int64_t *ret_ns)
{
	struct reader r = { text, text + size };
	struct instant t;

	if (!digits(&r, 4, &t.year) || !sign(&r, '-') || !digits(&r, 2, &t.month) || !sign(&r, '-') ||
	    !digits(&r, 2, &t.day) || (!sign(&r, 'T') && !sign(&r, 't') && !sign(&r, ' ')) ||
	    !clock_time(&r, &t))
		return -EINVAL;
	sign(&r, ' ');
	return zone(&r, &t.zone_s) ? instant_ns(&t, &r, ret_ns) : -EINVAL;
}

static bool
month_name(struct reader *r, int64_t *ret)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int64_t i = 0; i < 12 && r->end - r->at >= 3; i++)
		if (memcmp(r->at, names + 3 * i, 3) == 0) {
			r->at += 3;
			*ret = i + 1;
			return true;
		}
	return false;
}

int
instant_clf(const char *text, size_t size, int64_t *ret_ns)
{
	struct reader r = { text, text + size };
	struct instant t;

	if (!digits(&r, 2, &t.day) || !sign(&r, '/') || !month_name(&r, &t.month) || !sign(&r, '/') ||
	    !digits(&r, 4, &t.year) || !sign(&r, ':') || !clock_time(&r, &t))
		return -EINVAL;
	sign(&r, ' ');
	return zone(&r, &t.zone_s) ? instant_ns(&t, &r, ret_ns) : -EINVAL;
}

/* "1795230720.123", seconds; numbers so large that they must be ms, us or ns are taken as such. */
static int
instant_epoch(const char *text, size_t size, int64_t *ret_ns)
{
	struct reader r = { text, text + size };
	int64_t whole = 0, part, unit = NS_PER_S;

	if (!size || size > 40)
		return -EINVAL;
	for (; r.at < r.end && isdigit((unsigned char)*r.at); r.at++) {
		if (whole > INT64_MAX / 10 - 1)
			return -EINVAL;
		whole = whole * 10 + (*r.at - '0');
	}
	if (r.at == text || !fraction(&r, &part) || r.at != r.end)
		return -EINVAL;
	/* 1e11 seconds would be the year 5138. */
	for (int64_t more = whole; more >= INT64_C(100000000000); more /= 1000)
		unit /= 1000;
	if (!unit || whole > INT64_MAX / unit - 1)
		return -EINVAL;
	*ret_ns = whole * unit + part / (NS_PER_S / unit);
	return 0;
}

int
instant_any(const char *text, size_t size, int64_t *ret_ns)
{
	if (size > 4 && text[4] == '-')
		return instant_iso8601(text, size, ret_ns);
	if (size > 2 && text[2] == '/')
		return instant_clf(text, size, ret_ns);
	return instant_epoch(text, size, ret_ns);
}

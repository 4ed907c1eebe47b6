/* SPDX-License-Identifier: MIT */
/* The next time of a schedule. Hours are gone through, at most those of five years. */
#include <time.h>

#include "gate/config/cron.h"

#define HOURS_MOST ((int64_t)24 * 366 * 5)
#define GAP_MOST_S (3 * 3600)

static bool
has(uint64_t set, int value)
{
	return set >> value & 1;
}

static bool
fits_day(const struct cron *c, const struct tm *t)
{
	bool day = has(c->days, t->tm_mday), weekday = has(c->weekdays, t->tm_wday);

	if (!has(c->months, t->tm_mon + 1))
		return false;
	return c->any_day || c->any_weekday ? day && weekday : day || weekday;
}

static bool
fits_hour(const struct cron *c, const struct tm *t)
{
	return has(c->hours, t->tm_hour) && fits_day(c, t);
}

static void
tell_time(int64_t at_s, bool utc, struct tm *ret)
{
	time_t t = (time_t)at_s;

	if (utc)
		gmtime_r(&t, ret);
	else
		localtime_r(&t, ret);
}

/* The clock was put forward at `at_s`: is a time among those that were left out? */
static bool
fell_into_gap(const struct cron *c, int64_t at_s, long before, long after)
{
	long gap = after - before;

	for (long s = 0; s < gap && s < GAP_MOST_S; s += 60) {
		time_t wall = (time_t)(at_s + before + s);
		struct tm t;
		gmtime_r(&wall, &t);
		if (fits_hour(c, &t) && has(c->minutes, t.tm_min))
			return true;
	}
	return false;
}

/* The clock was put back, and this time of the day was there before; it does not count again, but for what is done
 * each hour. */
static bool
is_repeated(const struct cron *c, int64_t at_s, const struct tm *t)
{
	static const int shifts_s[] = { 3600, 1800 };
	bool hourly = c->hours == (UINT64_C(1) << 24) - 1;

	for (int i = 0; i < 2 && !hourly; i++) {
		struct tm before;
		tell_time(at_s - shifts_s[i], false, &before);
		if (before.tm_gmtoff - t->tm_gmtoff == shifts_s[i])
			return true;
	}
	return false;
}

int64_t
cron_next(const struct cron *c, int64_t after_s, bool utc)
{
	int64_t at = after_s - after_s % 60 + 60;
	struct tm t;

	tell_time(at - 60, utc, &t);
	for (int64_t hours = 0; hours < HOURS_MOST;) {
		long before = t.tm_gmtoff;
		tell_time(at, utc, &t);
		if (t.tm_gmtoff > before && fell_into_gap(c, at, before, t.tm_gmtoff))
			return at;
		bool fits = fits_hour(c, &t);
		if (fits && has(c->minutes, t.tm_min) && (utc || !is_repeated(c, at, &t)))
			return at;
		if (!fits)
			hours++;
		at += fits ? 60 : (60 - t.tm_min) * 60;
	}
	return 0;
}

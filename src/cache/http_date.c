/* SPDX-License-Identifier: MIT */
#include "cache/http_date.h"

#include <ctype.h>

#define DAY_S    86400
#define FIRST_S  INT64_C(-62167219200)   /* of the year 0 */
#define LAST_S   INT64_C(253402300799)   /* of the year 9999 */

static const char days_short[7][4] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
static const char days_long[7][10] = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
	"Saturday", "Sunday" };
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
	"Oct", "Nov", "Dec" };

struct date {
	int year, month, day, hour, minute, second;   /* month and day from 1 */
};

/* ---- the calendar: after H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" ---- */

static int64_t
days_of(int64_t y, int m, int d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void
date_of(int64_t days, struct date *ret)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097, d = days - era * 146097;
	int64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
	int64_t of_year = d - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

	ret->day = (int)(of_year - (153 * m + 2) / 5 + 1);
	ret->month = (int)(m < 10 ? m + 3 : m - 9);
	ret->year = (int)(y + era * 400 + (ret->month <= 2));
}

static int
month_days(int year, int month)
{
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 ? 28 + leap : 30 + ((month + (month > 7)) & 1);
}

/* ---- reading: each takes its part off the front of `t` ---- */

static bool
take(struct text *t, const char *word)
{
	size_t n = strlen(word);

	if (t->size < n || strncasecmp(t->at, word, n) != 0)
		return false;
	t->at += n, t->size -= n;
	return true;
}

static bool
take_number(struct text *t, int digits, int *ret)
{
	int n = 0;

	if (t->size < (size_t)digits)
		return false;
	for (int i = 0; i < digits; i++) {
		if (!isdigit((unsigned char)t->at[i]))
			return false;
		n = n * 10 + t->at[i] - '0';
	}
	t->at += digits, t->size -= (size_t)digits;
	*ret = n;
	return true;
}

static bool
take_month(struct text *t, int *ret)
{
	for (int i = 0; i < 12; i++)
		if (take(t, months[i])) {
			*ret = i + 1;
			return true;
		}
	return false;
}

static bool
take_time(struct text *t, struct date *d)
{
	return take_number(t, 2, &d->hour) && take(t, ":") && take_number(t, 2, &d->minute) &&
	    take(t, ":") && take_number(t, 2, &d->second);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool
take_fixdate(struct text t, struct date *d)
{
	return take(&t, ", ") && take_number(&t, 2, &d->day) && take(&t, " ") &&
	    take_month(&t, &d->month) && take(&t, " ") && take_number(&t, 4, &d->year) &&
	    take(&t, " ") && take_time(&t, d) && take(&t, " GMT") && t.size == 0;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" */
static bool
take_rfc850(struct text t, int64_t now_s, struct date *d)
{
	struct date now;

	if (!(take(&t, ", ") && take_number(&t, 2, &d->day) && take(&t, "-") &&
	        take_month(&t, &d->month) && take(&t, "-") && take_number(&t, 2, &d->year) &&
	        take(&t, " ") && take_time(&t, d) && take(&t, " GMT")))
		return false;
	date_of(now_s / DAY_S, &now);
	d->year += now.year - now.year % 100;
	if (d->year > now.year + 50)
		d->year -= 100;
	else if (d->year <= now.year - 50)
		d->year += 100;
	return t.size == 0;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool
take_asctime(struct text t, struct date *d)
{
	return take(&t, " ") && take_month(&t, &d->month) && take(&t, " ") &&
	    (take(&t, " ") ? take_number(&t, 1, &d->day) : take_number(&t, 2, &d->day)) && take(&t, " ") &&
	    take_time(&t, d) && take(&t, " ") && take_number(&t, 4, &d->year) && t.size == 0;
}

static bool
take_date(struct text t, int64_t now_s, struct date *d)
{
	struct text rest = t;

	for (int i = 0; i < 7; i++)
		if (take(&rest, days_long[i]))
			return take_rfc850(rest, now_s, d);
	for (int i = 0; i < 7; i++)
		if (take(&rest, days_short[i]))
			return take_fixdate(rest, d) || take_asctime(rest, d);
	return false;
}

bool
http_date_read(struct text t, int64_t now_s, int64_t *ret_s)
{
	struct date d = { 0 };

	if (!take_date(t, now_s, &d))
		return false;
	if (d.day < 1 || d.day > month_days(d.year, d.month) || d.hour > 23 || d.minute > 59 ||
	    d.second > 60)
		return false;
	*ret_s = days_of(d.year, d.month, d.day) * DAY_S + d.hour * 3600 + d.minute * 60 + d.second;
	return true;
}

/* ---- writing ---- */

static char *
put_number(char *at, int n, int digits)
{
	for (int i = digits - 1; i >= 0; i--, n /= 10)
		at[i] = (char)('0' + n % 10);
	return at + digits;
}

void
http_date_write(int64_t s, char out[HTTP_DATE_SIZE])
{
	static const char zone[] = { ' ', 'G', 'M', 'T' };
	struct date d;

	s = s < FIRST_S ? FIRST_S : s > LAST_S ? LAST_S : s;
	int64_t days = (s >= 0 ? s : s - (DAY_S - 1)) / DAY_S;
	int left = (int)(s - days * DAY_S);
	date_of(days, &d);
	memcpy(out, days_short[((days + 3) % 7 + 7) % 7], 3);
	out[3] = ',';
	out[4] = ' ';
	put_number(out + 5, d.day, 2)[0] = ' ';
	memcpy(out + 8, months[d.month - 1], 3);
	out[11] = ' ';
	put_number(out + 12, d.year, 4)[0] = ' ';
	put_number(out + 17, left / 3600, 2)[0] = ':';
	put_number(out + 20, left / 60 % 60, 2)[0] = ':';
	memcpy(put_number(out + 23, left % 60, 2), zone, sizeof(zone));
}

/* SPDX-License-Identifier: MIT */
#include "gate/config/cron.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const month_names[] = {
	"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
};
static const char *const weekday_names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

struct field {
	const char *about;
	int low, high;
	const char *const *names; int n_names;   /* of low and what follows */
};

static const struct field fields[] = {
	{ "minute", 0, 59, NULL, 0 },
	{ "hour", 0, 23, NULL, 0 },
	{ "day of the month", 1, 31, NULL, 0 },
	{ "month", 1, 12, month_names, 12 },
	{ "day of the week", 0, 7, weekday_names, 7 },   /* 7 is Sunday too */
};
#define N_FIELDS ((int)(sizeof(fields) / sizeof(fields[0])))

/* A number or a name at *p, which moves behind it; -1 when it is neither or out of range. */
static int
read_value(const struct field *f, const char **p)
{
	for (int i = 0; i < f->n_names; i++)
		if (strncasecmp(*p, f->names[i], 3) == 0) {
			*p += 3;
			return f->low + i;
		}
	if (**p < '0' || **p > '9')
		return -1;
	char *end;
	long value = strtol(*p, &end, 10);
	*p = end;
	return value >= f->low && value <= f->high ? (int)value : -1;
}

/* One part of a list: "*", "5", "1-5", each with "/2" behind it; false when it is none. */
static bool
read_part(const struct field *f, const char **p, uint64_t *set)
{
	int low = f->low, high = f->high, step = 1;

	if (**p == '*')
		++*p;
	else {
		low = high = read_value(f, p);
		if (**p == '-') {
			++*p;
			high = read_value(f, p);
		} else if (**p == '/')
			high = f->high;
	}
	if (**p == '/') {
		char *end;
		step = (int)strtol(*p + 1, &end, 10);
		if (end == *p + 1 || (*p)[1] < '0' || (*p)[1] > '9')
			return false;
		*p = end;
	}
	if (low < 0 || high < low || step < 1 || step > 59)
		return false;
	for (int i = low; i <= high; i += step)
		*set |= UINT64_C(1) << i;
	return true;
}

/* A field from `p` to the next blank. */
static int
read_field(const struct field *f, const char *p, size_t size, uint64_t *ret, struct err *e)
{
	const char *end = p + size, *begin = p;
	uint64_t set = 0;

	while (read_part(f, &p, &set)) {
		if (p == end) {
			*ret = set;
			return 0;
		}
		if (*p++ != ',')
			break;
	}
	return err_usage(e, "'%.*s' is no %s", (int)size, begin, f->about);
}

int
cron_parse(const char *text, struct cron *ret, struct err *e)
{
	struct cron cron = { 0 };
	uint64_t *const sets[] = {
		&cron.minutes, &cron.hours, &cron.days, &cron.months, &cron.weekdays,
	};
	const char *p = text;
	int n = 0;

	for (p += strspn(p, " \t"); *p; p += strspn(p, " \t")) {
		size_t size = strcspn(p, " \t");
		if (n == N_FIELDS)
			return err_usage(e, "'%s' has more than %d fields", text, N_FIELDS);
		int code = read_field(&fields[n], p, size, sets[n], e);
		if (code < 0)
			return code;
		if (n == 2)
			cron.any_day = *p == '*';
		if (n == 4)
			cron.any_weekday = *p == '*';
		p += size;
		n++;
	}
	if (n < N_FIELDS)
		return err_usage(e, "'%s' has %d of %d fields", text, n, N_FIELDS);
	cron.weekdays = (cron.weekdays | cron.weekdays >> 7) & 0x7f;
	*ret = cron;
	return 0;
}

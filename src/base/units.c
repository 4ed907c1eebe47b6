/* SPDX-License-Identifier: MIT */
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	double factor;
};

static const struct unit durations[] = {
	{ "ns", 1 }, { "us", 1e3 }, { "µs", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
	{ "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 }, { "d", 86400e9 }, { NULL, 0 },
};
static const struct unit sizes[] = {
	{ "", 1 }, { "B", 1 },
	{ "kB", 1e3 }, { "KB", 1e3 }, { "MB", 1e6 }, { "GB", 1e9 }, { "TB", 1e12 }, { "PB", 1e15 },
	{ "KiB", 0x1p10 }, { "MiB", 0x1p20 }, { "GiB", 0x1p30 }, { "TiB", 0x1p40 }, { "PiB", 0x1p50 },
	{ NULL, 0 },
};
static const struct unit multiples[] = {
	{ "", 1 }, { "k", 1e3 }, { "K", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { NULL, 0 },
};
static const struct unit periods[] = {
	{ "", 1 }, { "/s", 1 }, { "/sec", 1 }, { "/min", 60 }, { "/m", 60 }, { "/h", 3600 }, { NULL, 0 },
};

/* A plain decimal number >= 0 (no hex, no inf, no sign); *ret_rest points behind it and behind
 * blanks. */
static int
parse_number(const char *text, double *ret_value, const char **ret_rest)
{
	if (!isdigit((unsigned char)text[0]) && !(text[0] == '.' && isdigit((unsigned char)text[1])))
		return -EINVAL;
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return -EINVAL;
	char *end;
	double v = strtod(text, &end);
	if (!isfinite(v))
		return -EINVAL;
	while (*end == ' ')
		end++;
	*ret_value = v;
	*ret_rest = end;
	return 0;
}

static const struct unit *
unit_find(const struct unit *table, const char *name, size_t size)
{
	for (const struct unit *u = table; u->name; u++)
		if (strlen(u->name) == size && memcmp(u->name, name, size) == 0)
			return u;
	return NULL;
}

static int
parse_scaled(const char *text, const struct unit *table, double *ret_value)
{
	const char *rest;
	double v;

	if (parse_number(text, &v, &rest) < 0)
		return -EINVAL;
	const struct unit *u = unit_find(table, rest, strlen(rest));
	if (!u && v == 0 && !*rest) {
		*ret_value = 0;
		return 0;
	}
	if (!u || v * u->factor > 9e18)
		return -EINVAL;
	*ret_value = v * u->factor;
	return 0;
}

int
parse_duration(const char *text, int64_t *ret_ns)
{
	double v;
	if (parse_scaled(text, durations, &v) < 0)
		return -EINVAL;
	*ret_ns = (int64_t)llround(v);
	return 0;
}

int
parse_size(const char *text, int64_t *ret_bytes)
{
	double v;
	if (parse_scaled(text, sizes, &v) < 0)
		return -EINVAL;
	*ret_bytes = (int64_t)llround(v);
	return 0;
}

int
parse_rate(const char *text, double *ret_per_s)
{
	const char *rest;
	double v;

	if (parse_number(text, &v, &rest) < 0)
		return -EINVAL;
	size_t head = strcspn(rest, "/");
	const struct unit *multiple = unit_find(multiples, rest, head);
	const struct unit *period = unit_find(periods, rest + head, strlen(rest + head));
	if (!multiple || !period)
		return -EINVAL;
	*ret_per_s = v * multiple->factor / period->factor;
	return 0;
}

int
parse_ratio(const char *text, double *ret_ratio)
{
	const char *rest;
	double v;

	if (parse_number(text, &v, &rest) < 0 || (*rest && strcmp(rest, "%") != 0))
		return -EINVAL;
	*ret_ratio = *rest ? v / 100 : v;
	return 0;
}

/* Three significant digits, without an exponent. */
static void
format_scaled(char out[24], double v, const char *unit)
{
	int decimals = v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2;
	snprintf(out, 24, "%.*f%s", v == 0 ? 0 : decimals, v, unit);
}

char *
format_duration(char out[24], double s)
{
	double a = fabs(s);
	if (!isfinite(s))
		snprintf(out, 24, "-");
	else if (a == 0)
		snprintf(out, 24, "0 s");
	else if (a < 0.9995e-6)
		format_scaled(out, s * 1e9, " ns");
	else if (a < 0.9995e-3)
		format_scaled(out, s * 1e6, " us");
	else if (a < 0.9995)
		format_scaled(out, s * 1e3, " ms");
	else if (a < 120)
		format_scaled(out, s, " s");
	else if (a < 7200)
		format_scaled(out, s / 60, " min");
	else
		format_scaled(out, s / 3600, " h");
	return out;
}

char *
format_rate(char out[24], double v)
{
	if (!isfinite(v))
		snprintf(out, 24, "-");
	else if (v < 999.5)
		format_scaled(out, v, "/s");
	else if (v < 999.5e3)
		format_scaled(out, v / 1e3, "k/s");
	else
		format_scaled(out, v / 1e6, "M/s");
	return out;
}

char *
format_size(char out[24], double v)
{
	static const char *const names[] = { " B", " KiB", " MiB", " GiB", " TiB", " PiB" };
	size_t i = 0;

	if (!isfinite(v)) {
		snprintf(out, 24, "-");
		return out;
	}
	while (fabs(v) >= 1023.5 && i < 5) {
		v /= 1024;
		i++;
	}
	format_scaled(out, v, names[i]);
	return out;
}

char *
format_percent(char out[24], double ratio)
{
	if (!isfinite(ratio))
		snprintf(out, 24, "-");
	else
		format_scaled(out, ratio * 100, " %");
	return out;
}

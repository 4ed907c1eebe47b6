/* SPDX-License-Identifier: MIT */
#include "report/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

double
svg_at(const struct svg_scale *s, double value)
{
	double min = s->min, max = s->max;

	if (s->log) {
		value = log10(value > min ? value : min);
		min = log10(min);
		max = log10(max);
	}
	if (!(max > min))
		return s->from;
	double share = (value - min) / (max - min);
	share = share < 0 ? 0 : share > 1 ? 1 : share;
	return s->from + share * (s->to - s->from);
}

static size_t
log_ticks(const struct svg_scale *s, size_t most, double ticks[SVG_MOST_TICKS])
{
	double decades = log10(s->max / s->min);
	static const double fine[] = { 1, 2, 5 };
	size_t per_decade = decades * 3 <= (double)most ? 3 : 1, n = 0;
	int step = per_decade == 1 ? 1 + (int)(decades / (double)most) : 1;

	for (int e = (int)floor(log10(s->min)); e <= (int)ceil(log10(s->max)); e += step)
		for (size_t k = 0; k < per_decade; k++) {
			double v = fine[k] * pow(10, e);
			if (v >= s->min * 0.999 && v <= s->max * 1.001 && n < most)
				ticks[n++] = v;
		}
	return n;
}

size_t
svg_ticks(const struct svg_scale *s, size_t most, double ticks[SVG_MOST_TICKS])
{
	size_t n = 0;

	most = most < SVG_MOST_TICKS ? most : SVG_MOST_TICKS;
	if (s->log && s->min > 1e-30 && s->max < 1e30 && (n = log_ticks(s, most, ticks)) > 0)
		return n;
	double span = s->max - s->min;
	if (!(span > 0) || s->log) {
		ticks[0] = s->min;
		return 1;
	}
	double raw = span / (double)most, unit = pow(10, floor(log10(raw)));
	double step = raw / unit <= 1 ? unit : raw / unit <= 2 ? 2 * unit : raw / unit <= 5
	    ? 5 * unit : 10 * unit;
	for (double v = ceil(s->min / step) * step; v <= s->max + step * 1e-6 && n < most; v += step)
		ticks[n++] = fabs(v) < step * 1e-6 ? 0 : v;
	return n;
}

char *
svg_label(char out[24], double value, enum doc_unit unit)
{
	if (unit == UNIT_SECONDS)
		format_duration(out, value);
	else if (unit == UNIT_BYTES)
		format_size(out, value);
	else if (unit == UNIT_RATIO)
		format_percent(out, value);
	else if (unit == UNIT_RATE)
		format_rate(out, value);
	else
		snprintf(out, 24, "%.4g", value);
	char *point = strchr(out, '.');
	if (!point || unit == UNIT_NONE || unit == UNIT_CORES)
		return out;
	size_t digits = strspn(point + 1, "0123456789"), keep = digits;
	while (keep && point[keep] == '0')
		keep--;
	char *to = keep ? point + 1 + keep : point;
	memmove(to, point + 1 + digits, strlen(point + 1 + digits) + 1);
	return out;
}

/* SPDX-License-Identifier: MIT */
#include "diagnose/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define PLACE_MAX 40   /* characters of a place inside a list of parts */

char *
text_percent(char out[24], double ratio)
{
	if (!isfinite(ratio))
		snprintf(out, 24, "-");
	else if (fabs(ratio) < 0.0005)
		snprintf(out, 24, "0 %%");
	else
		snprintf(out, 24, fabs(ratio) < 0.0995 ? "%.1f %%" : "%.0f %%",
		    100 * fmin(fmax(ratio, -999), 999));
	return out;
}

bool
text_has(const char *s, const char *part)
{
	return s && strcasestr(s, part) != NULL;
}

bool
text_has_frame(const char *frames, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = frames; n > 0 && (at = strstr(at, name)); at += n)
		if ((at == frames || at[-1] == ';') && (at[n] == ';' || at[n] == '\0'))
			return true;
	return false;
}

bool
text_in(const char *s, const char *const *words)
{
	for (; s && *words; words++)
		if (strcasecmp(s, *words) == 0)
			return true;
	return false;
}

const char *
text_brief(struct run *r, const char *s, size_t max)
{
	struct buf b = { .cap_bytes = max + 1 };
	bool gap = false;

	if (!s || !*s)
		return "unknown";
	for (; *s && b.size + gap < max; s++) {
		if (isspace((unsigned char)*s)) {
			gap = b.size > 0;
			continue;
		}
		if (gap)
			buf_putc(&b, ' ');
		gap = false;
		buf_putc(&b, *s);
	}
	while (isspace((unsigned char)*s))
		s++;
	size_t keep = b.size;
	if (*s && keep > 3) {
		keep -= 3;
		while (keep > 0 && ((unsigned char)b.data[keep] & 0xc0) == 0x80)
			keep--;   /* never end inside a UTF-8 character */
	}
	const char *out = *s ? run_printf(r, "%.*s...", (int)keep, buf_text(&b))
	                     : run_str(r, buf_text(&b));
	buf_done(&b);
	return out;
}

const char *
text_parts(struct run *r, const struct run_part *parts, size_t n, size_t max)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < n && i < max; i++) {
		buf_printf(&b, "%s%s", i ? ", " : "", part_kind_words(parts[i].kind));
		if (parts[i].where && *parts[i].where)
			buf_printf(&b, ": %s", text_brief(r, parts[i].where, PLACE_MAX));
		buf_printf(&b, " %s", PCT(parts[i].share));
	}
	const char *out = run_str(r, n ? buf_text(&b) : "nothing known");
	buf_done(&b);
	return out;
}

/* SPDX-License-Identifier: MIT */
#include "spec/stage.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"

#define STAGES_TEXT_MAX 4096
#define STAGES_MAX      1000
#define RATE_MAX        1e8
#define STAGE_MAX_NS    (86400 * NS_PER_S)
#define EXAMPLE         "'100/s..1k/s for 30s'"

/* A piece of the text, without blanks at its ends. */
struct piece {
	const char *at;
	size_t size;
};

struct scan {
	const char *text;   /* everything that was given */
	struct err *e;
};

static struct piece
trim(const char *from, const char *to)
{
	while (from < to && isspace((unsigned char)*from))
		from++;
	while (to > from && isspace((unsigned char)to[-1]))
		to--;
	return (struct piece){ from, (size_t)(to - from) };
}

static int __attribute__((format(printf, 3, 4)))
refuse(const struct scan *s, const char *where, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	int code = err_usage(s->e, "stage '%.200s': at %td: %s", s->text, where - s->text + 1, why);
	err_hint(s->e, "write it as in " EXAMPLE " or '1k/s for 10s'");
	return code;
}

static bool
copy(char *out, size_t size, struct piece p)
{
	if (p.size >= size)
		return false;
	memcpy(out, p.at, p.size);
	out[p.size] = '\0';
	return true;
}

static int
scan_rate(const struct scan *s, struct piece p, double *ret)
{
	char word[64];

	if (!p.size)
		return refuse(s, p.at, "a rate is missing");
	if (!copy(word, sizeof(word), p) || parse_rate(word, ret) < 0)
		return refuse(s, p.at, "'%.*s' is not a rate", (int)(p.size < 40 ? p.size : 40), p.at);
	return *ret <= RATE_MAX ? 0 : refuse(s, p.at, "'%s' is more than %.0f/s", word, RATE_MAX);
}

static int
scan_duration(const struct scan *s, struct piece p, int64_t *ret)
{
	char word[64];

	if (!p.size)
		return refuse(s, p.at, "a duration is missing after 'for'");
	if (!copy(word, sizeof(word), p) || parse_duration(word, ret) < 0 || *ret <= 0)
		return refuse(s, p.at, "'%.*s' is not a duration with its unit",
		    (int)(p.size < 40 ? p.size : 40), p.at);
	return *ret <= STAGE_MAX_NS ? 0 : refuse(s, p.at, "'%s' is longer than a day", word);
}

/* The word "for", between blanks; NULL none. */
static const char *
find_for(const char *from, const char *to)
{
	for (const char *c = from; c + 3 <= to; c++)
		if (memcmp(c, "for", 3) == 0 && (c == from || isspace((unsigned char)c[-1])) &&
		    (c + 3 == to || isspace((unsigned char)c[3])))
			return c;
	return NULL;
}

static int
scan_stage(const struct scan *s, const char *from, const char *to, struct stage *ret)
{
	struct piece whole = trim(from, to);
	const char *word = find_for(whole.at, whole.at + whole.size);
	const char *end = whole.at + whole.size;

	if (!whole.size)
		return refuse(s, whole.at, "a stage is missing");
	if (!word)
		return refuse(s, end, "'for' and how long it lasts is missing");
	const char *dots = memmem(whole.at, (size_t)(word - whole.at), "..", 2);
	int code = scan_rate(s, trim(whole.at, dots ? dots : word), &ret->from);
	ret->to = ret->from;
	if (code == 0 && dots)
		code = scan_rate(s, trim(dots + 2, word), &ret->to);
	return code == 0 ? scan_duration(s, trim(word + 3, end), &ret->for_ns) : code;
}

int
stages_parse(const char *text, struct arena *a, struct stage **stages, size_t *n, struct err *e)
{
	struct scan s = { text, e };
	struct stage *list = *stages;
	size_t count = *n;

	if (strlen(text) > STAGES_TEXT_MAX)
		return err_usage(e, "stages longer than %d characters", STAGES_TEXT_MAX);
	for (const char *at = text;; at++) {
		const char *end = at + strcspn(at, ",");
		struct stage one = { 0 };
		int code = count < STAGES_MAX ? scan_stage(&s, at, end, &one)
		                              : err_usage(e, "more than %d stages", STAGES_MAX);
		if (code < 0)
			return code;
		struct piece p = trim(at, end);
		one.text = arena_strndup(a, p.at, p.size);
		*ARENA_PUSH(a, list, count) = one;
		at = end;
		if (!*at)
			break;
	}
	*stages = list;
	*n = count;
	return 0;
}

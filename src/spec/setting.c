/* SPDX-License-Identifier: MIT */
#include "spec/setting.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"

static void *
place(const struct setting *row, void *object)
{
	return (char *)object + row->offset;
}

const char *
setting_kind_name(enum setting_kind k)
{
	static const char *const names[] = {
		"flag", "text", "text", "duration", "rate", "count", "choice", "text",
	};
	return names[k];
}

/* What a good value looks like, as the next step of an error. */
static void
hint_example(const struct setting *row, struct err *e)
{
	const char *example = row->example ? row->example : row->preset;
	if (example)
		err_hint(e, "a good value is %s", example);
}

static int
refuse_kind(const struct setting *row, const char *text, struct err *e)
{
	int code = err_usage(e, "'%s' is not a %s", text, setting_kind_name(row->kind));
	hint_example(row, e);
	return code;
}

static int
check_range(const struct setting *row, double v, const char *text, const char *unit, struct err *e)
{
	if (row->max == 0 || (v >= row->min && v <= row->max))
		return 0;
	int code = v < row->min
	    ? err_usage(e, "'%s' is too small: the least is %.10g%s", text, row->min, unit)
	    : err_usage(e, "'%s' is too large: the most is %.10g%s", text, row->max, unit);
	hint_example(row, e);
	return code;
}

static int
store_flag(const struct setting *row, void *object, const char *text, struct err *e)
{
	bool yes = strcmp(text, "true") == 0;
	if (!yes && strcmp(text, "false") != 0) {
		int code = err_usage(e, "'%s' is neither true nor false", text);
		err_hint(e, "write true or false");
		return code;
	}
	*(bool *)place(row, object) = yes;
	return 0;
}

static int
store_duration(const struct setting *row, void *object, const char *text, struct err *e)
{
	int64_t ns;
	if (parse_duration(text, &ns) < 0)
		return refuse_kind(row, text, e);
	int code = check_range(row, (double)ns / 1e9, text, "s", e);
	if (code < 0)
		return code;
	*(int64_t *)place(row, object) = ns;
	return 0;
}

static int
store_rate(const struct setting *row, void *object, const char *text, struct err *e)
{
	double rate;
	if (parse_rate(text, &rate) < 0)
		return refuse_kind(row, text, e);
	int code = check_range(row, rate, text, "/s", e);
	if (code < 0)
		return code;
	*(double *)place(row, object) = rate;
	return 0;
}

static int
store_count(const struct setting *row, void *object, const char *text, struct err *e)
{
	char *end;

	errno = 0;
	long long v = strtoll(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno)
		return refuse_kind(row, text, e);
	int code = check_range(row, (double)v, text, "", e);
	if (code < 0)
		return code;
	*(int64_t *)place(row, object) = v;
	return 0;
}

/* Index of `text` among the row's choices, or the error. */
static int
find_choice(const struct setting *row, const char *text, struct err *e)
{
	struct nearest near = { .word = text };
	char list[128] = "";

	for (int i = 0; row->choices[i]; i++) {
		if (strcmp(row->choices[i], text) == 0)
			return i;
		nearest_try(&near, row->choices[i]);
		size_t n = strlen(list);
		if (n + strlen(row->choices[i]) + 3 < sizeof(list)) {
			memcpy(list + n, ", ", n ? 2 : 0);
			strcpy(list + n + (n ? 2 : 0), row->choices[i]);
		}
	}
	int code = err_usage(e, "'%s' is none of %s", text, list);
	if (near.best)
		err_hint(e, "did you mean '%s'?", near.best);
	else
		err_hint(e, "choose one of %s", list);
	return code;
}

static int
store_text(const struct setting *row, struct arena *a, void *object, const char *text,
    struct err *e)
{
	if (!*text) {
		int code = err_usage(e, "an empty text says nothing");
		hint_example(row, e);
		return code;
	}
	const char *copy = arena_strdup(a, text);
	if (row->kind == SETTING_TEXT) {
		*(const char **)place(row, object) = copy;
		return 0;
	}
	const char ***items = place(row, object);
	size_t *n = (size_t *)(void *)((char *)object + row->count_offset);
	*ARENA_PUSH(a, *items, *n) = copy;
	return 0;
}

int
setting_store(const struct setting *row, struct arena *a, void *object, const char *text,
    struct err *e)
{
	int choice = 0;

	if (row->choices && (choice = find_choice(row, text, e)) < 0)
		return choice;
	switch (row->kind) {
	case SETTING_FLAG:
		return store_flag(row, object, text, e);
	case SETTING_DURATION:
		return store_duration(row, object, text, e);
	case SETTING_RATE:
		return store_rate(row, object, text, e);
	case SETTING_COUNT:
		return store_count(row, object, text, e);
	case SETTING_CHOICE:
		*(int *)place(row, object) = choice;
		return 0;
	case SETTING_CUSTOM:
		return row->set(object, text, e);
	case SETTING_TEXT:
	case SETTING_TEXTS:
		break;
	}
	return store_text(row, a, object, text, e);
}

/* SPDX-License-Identifier: MIT */
#include "scenario/extract.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PATTERN_MAX ((size_t)4 << 10)
#define STATES_MAX  2000    /* of a pattern written out: half a second in regcomp at worst */
#define GROUPS_MAX  64      /* nested */

/* ---- regular expressions ---- */

/* Behind a bracket expression, of which a ']' may be the first member; *p is behind its '['. */
static void
skip_brackets(const char **p)
{
	*p += **p == '^';
	*p += **p == ']';
	while (**p && **p != ']') {
		bool is_class = **p == '[' && ((*p)[1] == ':' || (*p)[1] == '.' || (*p)[1] == '=');
		const char *end = is_class ? strchr(*p + 2, ']') : NULL;
		*p = end ? end + 1 : *p + 1;
	}
	*p += **p == ']';
}

/* The larger number of "{3,8}", which ends an interval; *p is behind its '{'. */
static uint64_t
take_interval(const char **p)
{
	uint64_t most = 1;

	for (; **p && **p != '}'; (*p)++) {
		char *end;
		if (**p < '0' || **p > '9')
			continue;
		uint64_t n = strtoull(*p, &end, 10);
		most = n > most ? n : most;
		*p = end - 1;
	}
	*p += **p == '}';
	return most > STATES_MAX ? STATES_MAX + 1 : most;
}

/* How many characters to match a pattern has when its {n,m} are written out: regcomp does just
 * that, nested ones multiply, and its time grows with the square. */
static uint64_t
written_out(const char *p)
{
	uint64_t before[GROUPS_MAX], sum = 0, last = 0;
	size_t depth = 0;

	while (*p && sum <= STATES_MAX) {
		char c = *p++;
		if (c == '(') {
			if (depth == GROUPS_MAX)
				return STATES_MAX + 1;
			before[depth++] = sum;
			sum = 0;
			continue;
		}
		if (c == '{') {
			uint64_t times = take_interval(&p);
			sum += last * (times - 1);
			last *= times;
			continue;
		}
		if (strchr("*+?|", c))
			continue;
		last = c == ')' ? sum + 1 : 1;
		sum = c == ')' && depth ? before[--depth] + last : sum + 1;
		if (c == '[')
			skip_brackets(&p);
		else if (c == '\\' && *p)
			p++;
	}
	while (depth)
		sum += before[--depth];
	return sum;
}

/* glibc knows \1 in extended expressions, at the price of exponential time. */
static bool
has_back_reference(const char *pattern)
{
	for (const char *p = pattern; (p = strchr(p, '\\')) && p[1]; p += 2)
		if (p[1] >= '1' && p[1] <= '9')
			return true;
	return false;
}

static int
compile_regex(const char *pattern, struct extract *x, struct err *e)
{
	char why[128];

	if (has_back_reference(pattern))
		return err_usage(e, "back references are not part of extended regular expressions");
	if (strlen(pattern) > PATTERN_MAX || written_out(pattern) > STATES_MAX)
		return err_usage(e, "a regular expression that is too large");
	int code = regcomp(&x->regex, pattern, REG_EXTENDED);
	if (code == 0) {
		x->has_regex = true;
		return 0;
	}
	regerror(code, &x->regex, why, sizeof(why));
	code = err_usage(e, "not a regular expression: %s", why);
	err_hint(e, "POSIX extended syntax, as of 'grep -E'");
	return code;
}

static enum extract_verdict
match(const struct extract *x, struct view body, struct view *ret)
{
	size_t size = body.size < EXTRACT_REGEX_MAX ? body.size : EXTRACT_REGEX_MAX;
	regmatch_t at[2] = { { 0, (regoff_t)size }, { -1, -1 } };

	/* The end is given, yet sanitizers that do not know REG_STARTEND look for a zero byte. */
	if (regexec(&x->regex, size ? body.bytes : "", 2, at, REG_STARTEND) != 0)
		return EXTRACT_ABSENT;
	int group = x->regex.re_nsub > 0;
	if (at[group].rm_so < 0)
		return EXTRACT_ABSENT;   /* the group took no part in the match */
	*ret = (struct view){ body.bytes + at[group].rm_so,
		(size_t)(at[group].rm_eo - at[group].rm_so) };
	return EXTRACT_FOUND;
}

/* ---- headers ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The value of a line if it is that header. */
static bool
header_of_line(const char *line, size_t size, const char *name, size_t n, struct view *ret)
{
	if (size && line[size - 1] == '\r')
		size--;
	if (size <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	const char *start = line + n + 1, *end = line + size;
	while (start < end && is_blank(*start))
		start++;
	while (end > start && is_blank(end[-1]))
		end--;
	*ret = (struct view){ start, (size_t)(end - start) };
	return true;
}

bool
answer_header(const struct answer *answer, const char *name, struct view *ret)
{
	const char *at = answer->head.bytes, *end = at + answer->head.size;
	size_t n = strlen(name);

	for (bool first = true; at < end; first = false) {
		const char *line = at, *stop = memchr(at, '\n', (size_t)(end - at));
		at = stop ? stop + 1 : end;
		if (!first && header_of_line(line, (size_t)((stop ? stop : end) - line), name, n, ret))
			return true;
	}
	return false;
}

/* ---- values ---- */

int
extract_compile(const struct scenario_extract *from, struct arena *a, struct extract *ret,
    struct err *e)
{
	*ret = (struct extract){ .from = from->from, .header = from->what };
	switch (from->from) {
	case EXTRACT_JSON:
		return json_pointer_compile(from->what, a, &ret->pointer, e);
	case EXTRACT_REGEX:
		return compile_regex(from->what, ret, e);
	case EXTRACT_HEADER:
		break;
	}
	return 0;
}

void
extract_done(struct extract *x)
{
	if (x->has_regex)
		regfree(&x->regex);
	x->has_regex = false;
}

static enum extract_verdict
find(const struct extract *x, const struct answer *answer, struct view *ret)
{
	static const enum extract_verdict of_json[] = {
		[JSON_FOUND] = EXTRACT_FOUND, [JSON_ABSENT] = EXTRACT_ABSENT, [JSON_BAD] = EXTRACT_BAD,
	};

	switch (x->from) {
	case EXTRACT_JSON:
		return of_json[json_find(&x->pointer, answer->body.bytes, answer->body.size, ret)];
	case EXTRACT_HEADER:
		return answer_header(answer, x->header, ret) ? EXTRACT_FOUND : EXTRACT_ABSENT;
	case EXTRACT_REGEX:
		break;
	}
	return match(x, answer->body, ret);
}

enum extract_verdict
extract_value(const struct extract *x, const struct answer *answer, struct buf *out)
{
	struct view value = { 0 };

	enum extract_verdict verdict = find(x, answer, &value);
	if (verdict != EXTRACT_FOUND)
		return verdict;
	if (value.size > EXTRACT_VALUE_MAX)
		return EXTRACT_TOO_LONG;
	if (x->from == EXTRACT_JSON)
		json_find_text(value, out);
	else
		buf_append(out, value.bytes, value.size);
	return EXTRACT_FOUND;
}

/* SPDX-License-Identifier: MIT */
#include "net/resp_walk.h"

#include <string.h>

#define VERBATIM_PREFIX 4   /* "txt:" */

void
resp_walk_start(struct resp_walk *w, struct text reply)
{
	*w = (struct resp_walk){ reply.at, reply.at + reply.size };
}

static bool
stop(struct resp_walk *w)
{
	w->at = w->end;
	return false;
}

/* The line without its type and its end. */
static bool
take_line(struct resp_walk *w, char *ret_type, struct text *ret)
{
	size_t left = (size_t)(w->end - w->at);
	const char *end = left ? memmem(w->at, left, "\r\n", 2) : NULL;

	if (!end || end == w->at)
		return stop(w);
	*ret_type = *w->at;
	*ret = (struct text){ w->at + 1, (size_t)(end - w->at) - 1 };
	w->at = end + 2;
	return true;
}

/* At most 18 digits: all that counts and lengths need; a larger integer is cut to the limit. */
static int64_t
number_of(struct text t)
{
	bool minus = t.size && t.at[0] == '-';
	size_t i = t.size && (t.at[0] == '-' || t.at[0] == '+');
	int64_t n = 0;

	for (; i < t.size; i++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, t.at[i] - '0', &n))
			return minus ? INT64_MIN : INT64_MAX;
	return minus ? -n : n;
}

static bool
take_string(struct resp_walk *w, int64_t size, struct text *ret)
{
	if (size < 0 || w->end - w->at < 2 || size > w->end - w->at - 2)
		return stop(w);
	*ret = (struct text){ w->at, (size_t)size };
	w->at += size + 2;
	return true;
}

static enum resp_kind
kind_of(char type)
{
	static const struct { char type; enum resp_kind kind; } kinds[] = {
		{ '+', RESP_SIMPLE }, { '-', RESP_ERROR }, { '!', RESP_ERROR }, { ':', RESP_INTEGER },
		{ '$', RESP_BULK }, { '=', RESP_VERBATIM }, { '*', RESP_ARRAY }, { '~', RESP_SET },
		{ '>', RESP_PUSH }, { '%', RESP_MAP }, { ',', RESP_DOUBLE }, { '#', RESP_BOOL },
		{ '(', RESP_BIG },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].type == type)
			return kinds[i].kind;
	return RESP_NULL;
}

static bool
take_value(struct resp_walk *w, char type, struct text line, struct resp_value *ret)
{
	int64_t n = number_of(line);

	*ret = (struct resp_value){ .kind = kind_of(type), .text = line };
	if (strchr("$!=*", type) && n < 0) {
		ret->kind = RESP_NULL;
		return true;
	}
	if (strchr("$!=", type) && !take_string(w, n, &ret->text))
		return false;
	if (type == '=' && ret->text.size >= VERBATIM_PREFIX)
		ret->text = (struct text){ ret->text.at + VERBATIM_PREFIX, ret->text.size - VERBATIM_PREFIX };
	if (type == ':')
		ret->number = n;
	if (strchr("*~>%", type) && (n < 0 || n > RESP_COUNT_MAX))
		return stop(w);
	if (strchr("*~>%", type))
		ret->number = type == '%' ? 2 * n : n;
	return true;
}

bool
resp_walk_next(struct resp_walk *w, struct resp_value *ret)
{
	struct text line;
	char type;

	while (take_line(w, &type, &line)) {
		if (!type)
			return stop(w);
		if (type != '|')
			return take_value(w, type, line, ret);
		int64_t n = number_of(line);
		if (n < 0 || n > RESP_COUNT_MAX)
			return stop(w);
		resp_walk_skip(w, 2 * n);
	}
	return false;
}

/* An attribute stands in front of a value and is none itself, so it is stepped over here as well, not by
 * recursion: bytes that are no reply could nest it without end. */
void
resp_walk_skip(struct resp_walk *w, int64_t n)
{
	struct resp_value v;
	struct text line;
	char type;

	while (n > 0 && take_line(w, &type, &line)) {
		int64_t more = number_of(line);
		if (type == '|') {
			if (more < 0 || more > RESP_COUNT_MAX || __builtin_add_overflow(n, 2 * more, &n))
				stop(w);
			continue;
		}
		if (!type || !take_value(w, type, line, &v))
			return;
		n += resp_is_list(&v) ? v.number - 1 : -1;
		if (n > RESP_COUNT_MAX * RESP_DEPTH_MAX)
			stop(w);
	}
}

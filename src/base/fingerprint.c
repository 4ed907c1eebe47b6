/* SPDX-License-Identifier: MIT */
#include "base/fingerprint.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

struct pen {
	char *out;
	size_t n, size;
};

static void
put(struct pen *p, char c)
{
	if (p->n + 1 < p->size)
		p->out[p->n++] = c;
}

static char
last(const struct pen *p)
{
	return p->n ? p->out[p->n - 1] : '\0';
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* A literal: folds "?, ?" into "?"; "(?), (?)" is left to put_close. */
static void
put_literal(struct pen *p)
{
	size_t n = p->n;
	while (n && p->out[n - 1] == ' ')
		n--;
	if (n >= 2 && p->out[n - 1] == ',') {
		size_t before = n - 1;
		while (before && p->out[before - 1] == ' ')
			before--;
		if (before && p->out[before - 1] == '?') {
			p->n = before;
			return;
		}
	}
	put(p, '?');
}

static const char *
skip_quoted(const char *s)
{
	char quote = *s++;
	for (; *s; s++)
		if (*s == quote) {
			if (s[1] != quote)
				return s + 1;
			s++;
		}
	return s;
}

/* PostgreSQL's E'it\'s'. */
static const char *
skip_escaped(const char *s)
{
	for (s++; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (*s == '\'' && *++s != '\'')
			return s;
	}
	return s;
}

/* $tag$ ... $tag$, the tag may be empty; NULL when it is none. */
static const char *
skip_dollars(const char *s)
{
	size_t tag = 1;
	while (is_word(s[tag]))
		tag++;
	if (s[tag] != '$' || isdigit((unsigned char)s[1]))
		return NULL;
	const char *end = s + ++tag;
	while (*end && strncmp(end, s, tag) != 0)
		end++;
	return *end ? end + tag : end;
}

static const char *
skip_comment(const char *s)
{
	if (s[0] == '-' && s[1] == '-') {
		while (*s && *s != '\n')
			s++;
		return s;
	}
	const char *end = strstr(s + 2, "*/");
	return end ? end + 2 : s + strlen(s);
}

static const char *
skip_number(const char *s)
{
	while (isalnum((unsigned char)*s) || *s == '.' ||
	    ((*s == '+' || *s == '-') && (s[-1] == 'e' || s[-1] == 'E')))
		s++;
	return s;
}

static const char *
skip_parameter(const char *s)
{
	for (s++; is_word(*s); s++)
		;
	return s;
}

/* Is what was written last an E of its own? */
static bool
after_e(const struct pen *p)
{
	return (last(p) == 'E' || last(p) == 'e') && (p->n < 2 || !is_word(p->out[p->n - 2]));
}

/* Rows of values are told once: "(?), (?)" becomes "(?)". */
static void
put_close(struct pen *p)
{
	static const char row[] = "(?)";
	put(p, ')');
	size_t n = p->n, size = sizeof(row) - 1;
	if (n < size || memcmp(p->out + n - size, row, size) != 0)
		return;
	n -= size;
	while (n && p->out[n - 1] == ' ')
		n--;
	if (!n || p->out[n - 1] != ',')
		return;
	n--;
	while (n && p->out[n - 1] == ' ')
		n--;
	if (n >= size && !memcmp(p->out + n - size, row, size))
		p->n = n;
}

void
fingerprint_sql(const char *s, char *out, size_t size)
{
	struct pen p = { .out = out, .size = size };
	const char *end;

	while (*s) {
		if (isspace((unsigned char)*s)) {
			s++;
			if (p.n && last(&p) != ' ')
				put(&p, ' ');
		} else if ((s[0] == '-' && s[1] == '-') || (s[0] == '/' && s[1] == '*')) {
			s = skip_comment(s);
		} else if (*s == '\'') {
			bool escaped = after_e(&p);
			p.n -= escaped;
			s = escaped ? skip_escaped(s) : skip_quoted(s);
			put_literal(&p);
		} else if (*s == '$' && !is_word(last(&p)) && (end = skip_dollars(s))) {
			s = end;
			put_literal(&p);
		} else if (*s == ')') {
			s++;
			put_close(&p);
		} else if (isdigit((unsigned char)*s) && !is_word(last(&p))) {
			s = skip_number(s);
			put_literal(&p);
		} else if (s[0] == ':' && s[1] == ':') {
			put(&p, *s++);
			put(&p, *s++);
		} else if (*s == '?' || *s == '$' || (is_word(s[1]) && (*s == '@' ||
		    (*s == ':' && last(&p) != '?' && !is_word(last(&p)))))) {
			s = skip_parameter(s);
			put_literal(&p);
		} else if (*s == '"' || *s == '`') {
			end = skip_quoted(s);
			while (s < end)
				put(&p, *s++);
		} else {
			put(&p, *s++);
		}
	}
	while (p.n && (last(&p) == ' ' || last(&p) == ';'))
		p.n--;
	if (size)
		out[p.n] = '\0';
}

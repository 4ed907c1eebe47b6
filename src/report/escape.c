/* SPDX-License-Identifier: MIT */
#include "report/escape.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"

static void
put(struct buf *out, uint32_t c)
{
	char bytes[4];
	buf_append(out, bytes, utf8_write(bytes, c));
}

static uint32_t
safe(uint32_t c)
{
	return utf8_is_unsafe(c) ? UTF8_REPLACEMENT : c;
}

static bool
is_white(uint32_t c)
{
	return c == '\n' || c == '\t' || c == '\r' || c == ' ';
}

void
escape_html(struct buf *out, const char *s)
{
	for (uint32_t c; (c = utf8_next(&s));)
		switch (c) {
		case '&':  buf_puts(out, "&amp;"); break;
		case '<':  buf_puts(out, "&lt;"); break;
		case '>':  buf_puts(out, "&gt;"); break;
		case '"':  buf_puts(out, "&quot;"); break;
		case '\'': buf_puts(out, "&#39;"); break;
		case '\n': case '\t': put(out, c); break;
		default:   put(out, safe(c)); break;
		}
}

void
escape_json(struct buf *out, const char *s)
{
	for (uint32_t c; (c = utf8_next(&s));)
		if (c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == '\'')
			buf_printf(out, "\\u%04x", (unsigned)c);
		else
			put(out, safe(c));
}

/* Would `c`, `at` this place of the line, make the line a heading, a rule or a list? */
static bool
begins_block(uint32_t c, const char *line, const char *at)
{
	if (at == line)
		return c == '#' || c == '>' || ((c == '-' || c == '+' || c == '=') && at[1]);
	return (c == '.' || c == ')') && (is_white((unsigned char)at[1]) || !at[1]) &&
	       strspn(line, "0123456789") == (size_t)(at - line);
}

static bool
is_word(unsigned char c)
{
	return isalnum(c) || c >= 0x80;
}

/* Does `c` begin or end something inside a line, between these two? */
static bool
is_special(uint32_t c, unsigned char before, unsigned char after)
{
	if (c == '_')
		return !is_word(before) || !is_word(after);
	if (c == '<')
		return !is_white(after) && !isdigit(after) && after != '=';
	return c < 0x80 && strchr("\\`*[]|~&", (int)c);
}

void
escape_markdown(struct buf *out, const char *s)
{
	unsigned char before = 0;

	while (is_white((unsigned char)*s))
		s++;
	const char *start = s;
	for (const char *at = s; *at; before = (unsigned char)*at, at = s) {
		uint32_t c = utf8_next(&s);
		if (is_white(c)) {
			if (*s && !is_white((unsigned char)*s))
				buf_putc(out, ' ');
			continue;
		}
		if (is_special(c, before, (unsigned char)*s) || begins_block(c, start, at))
			buf_putc(out, '\\');
		put(out, safe(c));
	}
}

/* The longest run of backticks in `s`. */
static size_t
longest_run(const char *s)
{
	size_t longest = 0;
	for (; *s; s++) {
		size_t n = strspn(s, "`");
		longest = n > longest ? n : longest;
		s += n ? n - 1 : 0;
	}
	return longest;
}

void
escape_markdown_span(struct buf *out, const char *s)
{
	size_t fence = longest_run(s) + 1;
	bool pad = fence > 1;

	for (size_t i = 0; i < fence; i++)
		buf_putc(out, '`');
	if (pad)
		buf_putc(out, ' ');
	for (uint32_t c; (c = utf8_next(&s));) {
		if (c == '|')
			buf_putc(out, '\\');
		put(out, is_white(c) ? ' ' : safe(c));
	}
	if (pad)
		buf_putc(out, ' ');
	for (size_t i = 0; i < fence; i++)
		buf_putc(out, '`');
}

void
escape_markdown_block(struct buf *out, const char *s)
{
	bool begin = true;

	for (uint32_t c; (c = utf8_next(&s));) {
		if (begin)
			buf_puts(out, "    ");
		put(out, c == '\n' || c == '\t' ? c : safe(c));
		begin = c == '\n';
	}
	if (!begin)
		buf_putc(out, '\n');
}

void
escape_shell(struct buf *out, const char *s)
{
	buf_putc(out, '\'');
	for (uint32_t c; (c = utf8_next(&s));)
		if (c == '\'')
			buf_puts(out, "'\\''");
		else
			put(out, safe(c));
	buf_putc(out, '\'');
}

/* What prony's own texts use beyond ASCII, for terminals without UTF-8. */
static const char *
ascii_for(uint32_t c)
{
	static const struct {
		uint32_t c;
		const char *ascii;
	} rows[] = {
		{ 0x00a0, " " }, { 0x00b1, "+-" }, { 0x00b5, "u" }, { 0x00b7, "-" }, { 0x00d7, "x" },
		{ 0x2013, "-" }, { 0x2014, "-" }, { 0x2018, "'" }, { 0x2019, "'" }, { 0x201c, "\"" },
		{ 0x201d, "\"" }, { 0x2026, "..." }, { 0x2192, "->" }, { 0x2248, "~" },
		{ 0x2264, "<=" }, { 0x2265, ">=" }, { 0x203a, ">" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].c == c)
			return rows[i].ascii;
	return "?";
}

void
escape_terminal(struct buf *out, const char *s, bool utf8)
{
	for (uint32_t c; (c = utf8_next(&s));) {
		c = is_white(c) ? ' ' : safe(c);
		if (c < 0x80 || utf8)
			put(out, c);
		else
			buf_puts(out, ascii_for(c));
	}
}

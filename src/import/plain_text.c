/* SPDX-License-Identifier: MIT */
#include "import/plain_text.h"

#include <ctype.h>
#include <string.h>

/* Bytes of the character at `s`, 0 when it is none. */
static size_t
character(const unsigned char *s, size_t size)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;

	if (n == 1)
		return (s[0] >= ' ' && s[0] != 0x7f) || s[0] == '\t' || s[0] == '\n' || s[0] == '\r';
	if (!n || n > size)
		return 0;
	unsigned code = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	bool surrogate = code >= 0xd800 && code <= 0xdfff, no_character = code == 0xfffe || code == 0xffff;
	return code >= least[n] && code >= 0xa0 && code <= 0x10ffff && !surrogate && !no_character ? n : 0;
}

const char *
plain_bad_byte(const char *text, size_t size)
{
	for (size_t i = 0, n; i < size; i += n) {
		n = character((const unsigned char *)text + i, size - i);
		if (!n)
			return text + i;
	}
	return NULL;
}

bool
plain_is_utf8(const char *text, size_t size)
{
	return !plain_bad_byte(text, size);
}

bool
plain_is_line(const char *text)
{
	return !strpbrk(text, "\r\n") && plain_is_utf8(text, strlen(text));
}

bool
plain_is_token(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c >= 0x80 || (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c)))
			return false;
	return *text;
}

void
plain_place(const char *text, const char *at, int *ret_line, int *ret_column)
{
	const char *line = text;

	*ret_line = 1;
	for (const char *c = text; c < at; c++)
		if (*c == '\n') {
			++*ret_line;
			line = c + 1;
		}
	*ret_column = (int)(at - line) + 1;
}

void
plain_percent(struct buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < 0x80 && (isalnum(c) || strchr("-._~", c)))
			buf_putc(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

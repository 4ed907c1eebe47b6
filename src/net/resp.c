/* SPDX-License-Identifier: MIT */
#include "net/resp.h"

#include <string.h>

enum { TYPE, LINE, LINE_FEED, STRING, STRING_RETURN, STRING_FEED };
enum { TO_NOTHING, TO_ERROR, TO_KEEP };   /* where the bytes of a text go */

#define VERBATIM_PREFIX 4   /* "txt:" */
#define DIGITS_MAX      19  /* fit any uint64_t */

void
resp_start(struct resp *p, struct buf *keep)
{
	p->kind = RESP_NULL;
	p->integer = p->values = p->string_bytes = 0;
	p->errors = 0;
	p->error[0] = '\0';
	p->why = NULL;
	p->keep = keep;
	p->kept = false;
	p->type = '\0';
	p->state = TYPE;
	p->depth = 0;
	p->attributes = 0;
}

static enum resp_verdict
bad(struct resp *p, const char *why)
{
	p->why = why;
	return RESP_BAD;
}

/* ---- texts --------------------------------------------------------------------------------- */

static void
text_begin(struct resp *p, bool error)
{
	p->sink = TO_NOTHING;
	if (p->attributes)
		return;
	if (error) {
		p->sink = p->errors ? TO_NOTHING : TO_ERROR;
		p->errors += p->errors < INT32_MAX;
	} else if (p->keep && !p->kept) {
		p->sink = TO_KEEP;
		p->kept = true;
	}
}

static void
keep_error(struct resp *p, const char *bytes, size_t size)
{
	size_t have = strlen(p->error);

	for (size_t i = 0; i < size && have < RESP_TEXT_MAX; i++)
		p->error[have++] = bytes[i] >= ' ' && bytes[i] < 0x7f ? bytes[i] : '?';
	p->error[have] = '\0';
}

static void
text_bytes(struct resp *p, const char *bytes, size_t size)
{
	if (p->sink == TO_ERROR)
		keep_error(p, bytes, size);
	else if (p->sink == TO_KEEP)
		buf_append_cut(p->keep, bytes, size);
}

/* ---- values -------------------------------------------------------------------------------- */

static void
set_kind(struct resp *p, enum resp_kind kind)
{
	if (!p->depth)
		p->kind = kind;
}

/* A value has ended, and with it each aggregate whose last it was. The value that an attribute
 * speaks of is yet to come. */
static enum resp_verdict
value_end(struct resp *p)
{
	p->state = TYPE;
	while (p->depth) {
		uint32_t i = p->depth - 1u, bit = (uint32_t)1 << i;
		if (--p->rest[i])
			return RESP_MORE;
		p->depth--;
		if (p->attributes & bit) {
			p->attributes &= ~bit;
			return RESP_MORE;
		}
	}
	return p->kind == RESP_PUSH ? RESP_PUSHED : RESP_DONE;
}

static enum resp_verdict
leaf_end(struct resp *p)
{
	p->values += !p->attributes;
	return value_end(p);
}

static enum resp_verdict
aggregate(struct resp *p, enum resp_kind kind)
{
	bool attribute = p->type == '|', pairs = attribute || kind == RESP_MAP;

	if (p->number > (uint64_t)RESP_COUNT_MAX)
		return bad(p, "an aggregate has too many elements");
	if (!attribute)
		set_kind(p, kind);
	p->state = TYPE;
	if (!p->number)
		return attribute ? RESP_MORE : value_end(p);
	if (p->depth == RESP_DEPTH_MAX)
		return bad(p, "aggregates are nested too deeply");
	if (attribute)
		p->attributes |= (uint32_t)1 << p->depth;
	p->rest[p->depth++] = (uint32_t)p->number << pairs;
	return RESP_MORE;
}

static enum resp_verdict
string_begin(struct resp *p, enum resp_kind kind)
{
	if (p->number > (uint64_t)RESP_BULK_MAX)
		return bad(p, "a string is too long");
	if (kind == RESP_VERBATIM && p->number < VERBATIM_PREFIX)
		return bad(p, "a verbatim string without its format");
	set_kind(p, kind);
	p->left = p->number;
	p->size = 0;
	p->state = p->left ? STRING : STRING_RETURN;
	if (!p->attributes && kind != RESP_ERROR)
		p->string_bytes += (int64_t)p->left;
	text_begin(p, kind == RESP_ERROR);
	return RESP_MORE;
}

/* The format in front of a verbatim string: how many of the bytes are of it, -1 when malformed. */
static int64_t
format_bytes(struct resp *p, const char *bytes, size_t size)
{
	size_t n = 0;

	if (p->type != '=')
		return 0;
	for (; n < size && p->size < VERBATIM_PREFIX; n++, p->size++)
		if (p->size == VERBATIM_PREFIX - 1 && bytes[n] != ':')
			return -1;
	return (int64_t)n;
}

static enum resp_verdict
take_string(struct resp *p, const char *bytes, size_t size, size_t *ret_used)
{
	size_t n = size < p->left ? size : (size_t)p->left;
	int64_t format = format_bytes(p, bytes, n);

	*ret_used = n;
	if (format < 0)
		return bad(p, "a verbatim string without its format");
	text_bytes(p, bytes + format, n - (size_t)format);
	p->left -= n;
	if (!p->left)
		p->state = STRING_RETURN;
	return RESP_MORE;
}

/* ---- lines --------------------------------------------------------------------------------- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *
skip_digits(const char *s)
{
	while (is_digit(*s))
		s++;
	return s;
}

/* [+-] digits [. digits] [e [+-] digits], or one of the words. */
static bool
is_double(const char *s)
{
	static const char *const words[] = { "inf", "+inf", "-inf", "nan", "-nan" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(s, words[i]) == 0)
			return true;
	s += *s == '-' || *s == '+';
	if (!is_digit(*s))
		return false;
	s = skip_digits(s);
	if (*s == '.')
		s = skip_digits(s + 1);
	if (*s == 'e' || *s == 'E') {
		s++;
		s += *s == '-' || *s == '+';
		if (!is_digit(*s))
			return false;
		s = skip_digits(s);
	}
	return !*s;
}

/* The next byte of a whole number: a sign in front, or a digit. */
static bool
number_byte(struct resp *p, char c, uint32_t digits_max)
{
	if (!p->size && (c == '-' || c == '+')) {
		p->sign = c;
		return true;
	}
	if (!is_digit(c) || p->size - (p->sign != '\0') >= digits_max)
		return false;
	if (digits_max == DIGITS_MAX)
		p->number = p->number * 10 + (uint64_t)(c - '0');
	return true;
}

static bool
line_byte(struct resp *p, char c)
{
	switch (p->type) {
	case '+': case '-':
		text_bytes(p, &c, 1);
		return p->size < RESP_LINE_MAX;
	case '(':
		return number_byte(p, c, RESP_LINE_MAX);
	case ',':
		if (p->size == sizeof(p->word) - 1)
			return false;
		p->word[p->size] = c;
		return c != '\0';
	case '#':
		p->number = c == 't';
		return !p->size && (c == 't' || c == 'f');
	case '_':
		return false;
	default:
		return number_byte(p, c, DIGITS_MAX);
	}
}

static enum resp_verdict
integer_end(struct resp *p)
{
	if (p->number > (uint64_t)INT64_MAX + (p->sign == '-'))
		return bad(p, "an integer out of range");
	set_kind(p, RESP_INTEGER);
	if (!p->depth)
		p->integer = (int64_t)(p->sign == '-' ? 0 - p->number : p->number);
	return leaf_end(p);
}

/* A count or a length; -1 is RESP2's null string or array. */
static enum resp_verdict
count_end(struct resp *p)
{
	if (p->sign == '-') {
		if ((p->type != '$' && p->type != '*') || p->number != 1)
			return bad(p, "a negative length");
		set_kind(p, RESP_NULL);
		return leaf_end(p);
	}
	switch (p->type) {
	case '$':
		return string_begin(p, RESP_BULK);
	case '!':
		return string_begin(p, RESP_ERROR);
	case '=':
		return string_begin(p, RESP_VERBATIM);
	case '%':
		return aggregate(p, RESP_MAP);
	case '~':
		return aggregate(p, RESP_SET);
	case '>':
		return aggregate(p, RESP_PUSH);
	default:
		return aggregate(p, RESP_ARRAY);
	}
}

static enum resp_verdict
simple_end(struct resp *p, enum resp_kind kind)
{
	set_kind(p, kind);
	if (!p->attributes && kind == RESP_SIMPLE)
		p->string_bytes += p->size;
	return leaf_end(p);
}

static enum resp_verdict
scalar_end(struct resp *p, enum resp_kind kind)
{
	set_kind(p, kind);
	if (kind == RESP_BOOL && !p->depth)
		p->integer = (int64_t)p->number;
	return leaf_end(p);
}

static enum resp_verdict
line_end(struct resp *p)
{
	if (p->type == '+' || p->type == '-')
		return simple_end(p, p->type == '+' ? RESP_SIMPLE : RESP_ERROR);
	if (p->type == '_')
		return scalar_end(p, RESP_NULL);
	if (p->size == (p->sign != '\0'))
		return bad(p, "a line without its number");
	switch (p->type) {
	case '#':
		return scalar_end(p, RESP_BOOL);
	case '(':
		return scalar_end(p, RESP_BIG);
	case ',':
		p->word[p->size] = '\0';
		return is_double(p->word) ? scalar_end(p, RESP_DOUBLE) : bad(p, "a malformed double");
	case ':':
		return integer_end(p);
	default:
		return count_end(p);
	}
}

static enum resp_verdict
type_byte(struct resp *p, char c)
{
	static const char types[] = "+-:$*_,#(!=%~>|";

	if (!c || !strchr(types, c))
		return bad(p, "a reply of no type that RESP has");
	if (c == '>' && p->depth)
		return bad(p, "a push message within a reply");
	p->type = c;
	p->size = 0;
	p->number = 0;
	p->sign = '\0';
	p->state = LINE;
	if (c == '+' || c == '-')
		text_begin(p, c == '-');
	return RESP_MORE;
}

/* ---- the machine --------------------------------------------------------------------------- */

/* A byte that is not within a string. */
static enum resp_verdict
frame_byte(struct resp *p, char c)
{
	switch (p->state) {
	case TYPE:
		return type_byte(p, c);
	case LINE:
		if (c == '\r') {
			p->state = LINE_FEED;
			return RESP_MORE;
		}
		if (c == '\n' || !line_byte(p, c))
			return bad(p, "a malformed or too long line");
		p->size++;
		return RESP_MORE;
	case LINE_FEED:
		return c == '\n' ? line_end(p) : bad(p, "a line ends without a line feed");
	case STRING_RETURN:
		p->state = STRING_FEED;
		return c == '\r' ? RESP_MORE : bad(p, "a string is longer than its length says");
	default:
		return c == '\n' ? leaf_end(p) : bad(p, "a string ends without a line feed");
	}
}

enum resp_verdict
resp_feed(struct resp *p, const void *bytes, size_t size, size_t *ret_used)
{
	const char *at = bytes;
	enum resp_verdict v = RESP_MORE;
	size_t used = 0, n;

	while (v == RESP_MORE && used < size) {
		if (p->state == STRING) {
			v = take_string(p, at + used, size - used, &n);
			used += n;
		} else {
			v = frame_byte(p, at[used++]);
		}
	}
	*ret_used = used;
	return v;
}

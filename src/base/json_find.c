/* SPDX-License-Identifier: MIT */
#include "base/json_find.h"

#include <stdint.h>
#include <string.h>

#include "base/hex.h"

struct scan { const char *at, *end; };

/* Bytes of a string that need no second look. */
static const bool is_ordinary[256] = {
	[' ' ... '!'] = true, ['#' ... '['] = true, [']' ... 0xff] = true,
};

static int
peek(const struct scan *s)
{
	return s->at < s->end ? (unsigned char)*s->at : -1;
}

static bool
take(struct scan *s, char c)
{
	if (peek(s) != c)
		return false;
	s->at++;
	return true;
}

static void
skip_blanks(struct scan *s)
{
	const char *p = s->at;

	while (p < s->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	s->at = p;
}

/* Four hexadecimal digits; -1: not. */
static int32_t
take_unit(struct scan *s)
{
	int32_t unit = 0;

	if (s->end - s->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(*s->at++);
		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static bool
pass_string(struct scan *s)
{
	if (!take(s, '"'))
		return false;
	for (;;) {
		const char *p = s->at;
		while (p < s->end && is_ordinary[(unsigned char)*p])
			p++;
		s->at = p;
		if (take(s, '"'))
			return true;
		if (!take(s, '\\'))
			return false;
		int escaped = peek(s);
		if (escaped <= 0 || !strchr("\"\\/bfnrtu", escaped))
			return false;
		s->at++;
		if (escaped == 'u' && take_unit(s) < 0)
			return false;
	}
}

static bool
pass_digits(struct scan *s)
{
	const char *start = s->at;

	while (peek(s) >= '0' && peek(s) <= '9')
		s->at++;
	return s->at > start;
}

static bool
pass_number(struct scan *s)
{
	take(s, '-');
	if (!take(s, '0') && !pass_digits(s))
		return false;
	if (take(s, '.') && !pass_digits(s))
		return false;
	if (take(s, 'e') || take(s, 'E')) {
		if (!take(s, '-'))
			take(s, '+');
		return pass_digits(s);
	}
	return true;
}

static bool
pass_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
		return false;
	s->at += n;
	return true;
}

static bool
pass_scalar(struct scan *s)
{
	switch (peek(s)) {
	case '"':
		return pass_string(s);
	case 't':
		return pass_word(s, "true");
	case 'f':
		return pass_word(s, "false");
	case 'n':
		return pass_word(s, "null");
	default:
		return pass_number(s);
	}
}

/* "name": of an object, with the blanks around; the name stays in *ret with its quotes. */
static bool
pass_name(struct scan *s, struct view *ret)
{
	skip_blanks(s);
	ret->bytes = s->at;
	if (!pass_string(s))
		return false;
	ret->size = (size_t)(s->at - ret->bytes);
	skip_blanks(s);
	return take(s, ':');
}

/* Past the ends of what was opened, as far as they stand here. True: a comma, so a value follows
 * (its name has been passed), or nothing is open any more. */
static bool
pass_ends(struct scan *s, const char *open, size_t *depth)
{
	struct view name;

	while (*depth) {
		skip_blanks(s);
		if (take(s, ','))
			return open[*depth - 1] == '[' || pass_name(s, &name);
		if (!take(s, open[*depth - 1] == '[' ? ']' : '}'))
			return false;
		--*depth;
	}
	return true;
}

/* A whole value, whatever is in it. `outside`: how many lists and objects it stands in. */
static bool
pass_value(struct scan *s, size_t outside)
{
	char open[JSON_DEPTH_MAX];
	size_t depth = 0;
	struct view name;

	for (;;) {
		skip_blanks(s);
		int c = peek(s);
		if (c == '[' || c == '{') {
			if (outside + depth == JSON_DEPTH_MAX)
				return false;
			open[depth++] = (char)c;
			s->at++;
			skip_blanks(s);
			if (peek(s) != (c == '[' ? ']' : '}')) {
				if (c == '{' && !pass_name(s, &name))
					return false;
				continue;
			}
		} else if (!pass_scalar(s)) {
			return false;
		}
		if (!pass_ends(s, open, &depth))
			return false;
		if (!depth)
			return true;
	}
}

static bool
same_name(struct view raw, struct view part)
{
	struct view inside = { raw.bytes + 1, raw.size - 2 };
	struct buf plain = { 0 };

	if (!memchr(inside.bytes, '\\', inside.size))
		return inside.size == part.size && memcmp(inside.bytes, part.bytes, part.size) == 0;
	json_find_text(raw, &plain);
	bool same = plain.size == part.size && memcmp(buf_text(&plain), part.bytes, part.size) == 0;
	buf_done(&plain);
	return same;
}

/* To the value of the member called `part`, or of the place `index`; behind the opening bracket. */
static enum json_verdict
find_member(struct scan *s, bool is_list, struct view part, uint64_t index, size_t outside)
{
	struct view name;

	skip_blanks(s);
	if (take(s, is_list ? ']' : '}'))
		return JSON_ABSENT;
	for (uint64_t i = 0;; i++) {
		if (!is_list && !pass_name(s, &name))
			return JSON_BAD;
		if (is_list ? i == index : same_name(name, part))
			return JSON_FOUND;
		if (!pass_value(s, outside + 1))
			return JSON_BAD;
		skip_blanks(s);
		if (take(s, is_list ? ']' : '}'))
			return JSON_ABSENT;
		if (!take(s, ','))
			return JSON_BAD;
	}
}

/* A place in a list: digits without a leading zero (RFC 6901 section 4). */
static bool
is_index(struct view part, uint64_t *ret)
{
	if (!part.size || part.size > 18 || (part.bytes[0] == '0' && part.size > 1))
		return false;
	*ret = 0;
	for (size_t i = 0; i < part.size; i++) {
		if (part.bytes[i] < '0' || part.bytes[i] > '9')
			return false;
		*ret = *ret * 10 + (uint64_t)(part.bytes[i] - '0');
	}
	return true;
}

enum json_verdict
json_find(const struct json_pointer *p, const char *text, size_t size, struct view *ret_raw)
{
	struct scan s = { text, text + size };

	for (size_t i = 0; i < p->n_parts; i++) {
		uint64_t index = 0;
		skip_blanks(&s);
		bool is_list = take(&s, '[');
		if (!is_list && !take(&s, '{'))
			return pass_value(&s, i) ? JSON_ABSENT : JSON_BAD;
		if (is_list && !is_index(p->parts[i], &index))
			return JSON_ABSENT;
		enum json_verdict verdict = find_member(&s, is_list, p->parts[i], index, i);
		if (verdict != JSON_FOUND)
			return verdict;
	}
	skip_blanks(&s);
	const char *start = s.at;
	if (!pass_value(&s, p->n_parts))
		return JSON_BAD;
	*ret_raw = (struct view){ start, (size_t)(s.at - start) };
	return JSON_FOUND;
}

/* ---- all values of one ---- */

bool
json_items_begin(struct json_items *i, struct view raw)
{
	bool is_list = raw.size && raw.bytes[0] == '[';

	if (!is_list && !(raw.size && raw.bytes[0] == '{'))
		return false;
	*i = (struct json_items){ raw.bytes + 1, raw.bytes + raw.size, is_list, false };
	return true;
}

bool
json_items_next(struct json_items *i, struct view *ret_name, struct view *ret_raw)
{
	struct scan s = { i->at, i->end };

	skip_blanks(&s);
	if (take(&s, i->is_list ? ']' : '}') || (i->begun && !take(&s, ',')))
		return false;
	*ret_name = (struct view){ NULL, 0 };
	if (!i->is_list && !pass_name(&s, ret_name))
		return false;
	skip_blanks(&s);
	const char *start = s.at;
	if (!pass_value(&s, 1))
		return false;
	*ret_raw = (struct view){ start, (size_t)(s.at - start) };
	i->at = s.at;
	i->begun = true;
	return true;
}

/* ---- what a value says ---- */

static void
append_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
	} else if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_putc(out, (char)(0xe0 | c >> 12));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_putc(out, (char)(0xf0 | c >> 18));
		buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* Behind "\u": one code unit, or two that make a pair. */
static void
append_escaped_unit(struct scan *s, struct buf *out)
{
	int32_t unit = take_unit(s);

	if (unit >= 0xd800 && unit < 0xdc00) {
		struct scan ahead = *s;
		int32_t low = pass_word(&ahead, "\\u") ? take_unit(&ahead) : -1;
		if (low >= 0xdc00 && low < 0xe000) {
			*s = ahead;
			append_utf8(out,
			    0x10000u + ((uint32_t)(unit - 0xd800) << 10 | (uint32_t)(low - 0xdc00)));
			return;
		}
	}
	append_utf8(out, unit < 0 || (unit >= 0xd800 && unit < 0xe000) ? 0xfffd : (uint32_t)unit);
}

static void
append_escaped(struct scan *s, struct buf *out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	char c = s->at < s->end ? *s->at++ : '\\';
	const char *special = strchr(from, c);

	if (c == 'u')
		append_escaped_unit(s, out);
	else
		buf_putc(out, special ? to[special - from] : c);
}

void
json_find_text(struct view raw, struct buf *out)
{
	if (raw.size < 2 || raw.bytes[0] != '"') {
		buf_append(out, raw.bytes, raw.size);
		return;
	}
	struct scan s = { raw.bytes + 1, raw.bytes + raw.size - 1 };
	while (s.at < s.end) {
		const char *slash = memchr(s.at, '\\', (size_t)(s.end - s.at));
		buf_append(out, s.at, (size_t)((slash ? slash : s.end) - s.at));
		if (!slash)
			break;
		s.at = slash + 1;
		append_escaped(&s, out);
	}
}

/* ---- pointers ---- */

/* A part up to the next '/': ~1 is '/', ~0 is '~'. */
static int
take_part(const char **p, struct arena *a, struct view *ret)
{
	size_t size = strcspn(*p, "/"), n = 0;
	char *plain = arena_alloc(a, size + 1);

	for (size_t i = 0; i < size; i++) {
		char c = (*p)[i];
		if (c == '~') {
			char code = i + 1 < size ? (*p)[++i] : '\0';
			if (code != '0' && code != '1')
				return -1;
			c = code == '0' ? '~' : '/';
		}
		plain[n++] = c;
	}
	*p += size;
	*ret = (struct view){ plain, n };
	return 0;
}

int
json_pointer_compile(const char *text, struct arena *a, struct json_pointer *ret, struct err *e)
{
	struct view *parts = arena_alloc(a, JSON_POINTER_MAX * sizeof(*parts));
	size_t n = 0;

	for (const char *p = text; *p; n++) {
		if (*p++ != '/') {
			int code = err_usage(e, "a JSON pointer begins with '/', not '%.40s'", text);
			err_hint(e, "write /%.40s; of lists the places, from 0: /items/0/id", text);
			return code;
		}
		if (n == JSON_POINTER_MAX)
			return err_usage(e, "a JSON pointer of more than %d parts", JSON_POINTER_MAX);
		if (take_part(&p, a, &parts[n]) < 0) {
			int code = err_usage(e, "'~' in the JSON pointer '%.80s'", text);
			err_hint(e, "'~' itself is written ~0, a '/' in a name ~1");
			return code;
		}
	}
	*ret = (struct json_pointer){ parts, n };
	return 0;
}

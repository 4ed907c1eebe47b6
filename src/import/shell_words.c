/* SPDX-License-Identifier: MIT */
#include "import/shell_words.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "import/scenario_draft.h"
#include "import/plain_text.h"

#define WORDS_MAX 10000

static int
refuse(const struct shell_reader *r, const char *at, const char *what, struct err *e)
{
	int line, column;

	plain_place(r->text, at, &line, &column);
	int code = err_usage(e, "%s:%d:%d: %s", r->name, line, column, what);
	err_hint(e, "is the command whole? a browser's 'Copy as cURL (bash)' gives one that is");
	return code;
}

static void
put_utf8(struct buf *out, unsigned code)
{
	if (code < 0x80) {
		draft_put_byte(out, (char)code);
	} else if (code < 0x800) {
		buf_putc(out, (char)(0xc0 | code >> 6));
		buf_putc(out, (char)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		buf_putc(out, (char)(0xe0 | code >> 12));
		buf_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (code & 0x3f)));
	} else {
		buf_putc(out, (char)(0xf0 | (code >> 18 & 7)));
		buf_putc(out, (char)(0x80 | (code >> 12 & 0x3f)));
		buf_putc(out, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (code & 0x3f)));
	}
}

/* At most `most` digits of the base; false: none. */
static bool
take_number(const char **at, int base, int most, unsigned *ret)
{
	int n = 0;

	for (*ret = 0; n < most && isxdigit((unsigned char)**at); n++, ++*at) {
		char digit[2] = { **at, '\0' };
		char *end;
		unsigned long value = strtoul(digit, &end, base);
		if (*end)
			break;
		*ret = *ret * (unsigned)base + (unsigned)value;
	}
	return n > 0;
}

/* Behind a backslash in $'...' (bash, ANSI-C quoting). */
static void
take_escape(const char **at, struct buf *out)
{
	static const char letters[] = "abefnrtv\\'\"?E", codes[] = "\a\b\033\f\n\r\t\v\\'\"?\033";
	const char *letter = strchr(letters, **at);
	unsigned code;

	if (letter && *letter) {
		++*at;
		draft_put_byte(out, codes[letter - letters]);
		return;
	}
	const char *digits = *at + 1;
	int most = **at == 'x' ? 2 : **at == 'u' ? 4 : **at == 'U' ? 8 : 0;
	if (most && take_number(&digits, 16, most, &code)) {
		*at = digits;
		if (most == 2)
			draft_put_byte(out, (char)code);
		else
			put_utf8(out, code);
	} else if (take_number(at, 8, 3, &code)) {
		draft_put_byte(out, (char)code);
	} else {
		buf_putc(out, '\\');
	}
}

static int
take_ansi_quoted(struct shell_reader *r, struct buf *out, struct err *e)
{
	const char *open = r->at;

	for (r->at += 2; *r->at != '\''; )
		if (!*r->at) {
			return refuse(r, open, "the quote that begins here is never closed", e);
		} else if (*r->at == '\\') {
			r->at++;
			take_escape(&r->at, out);
		} else {
			draft_put_byte(out, *r->at++);
		}
	r->at++;
	return 0;
}

/* $(...) and `...`, with what is nested in them. */
static void
skip_substitution(struct shell_reader *r)
{
	if (*r->at == '`') {
		const char *close = strchr(r->at + 1, '`');
		r->at = close ? close + 1 : r->at + strlen(r->at);
		return;
	}
	int depth = 0;
	char open = r->at[1], close = open == '(' ? ')' : '}';
	for (r->at++; *r->at; r->at++) {
		depth += *r->at == open;
		depth -= *r->at == close;
		if (!depth) {
			r->at++;
			return;
		}
	}
}

/* At a '$' outside of single quotes, or at a '`'. */
static void
take_dollar(struct shell_reader *r, struct buf *out, bool *dynamic)
{
	const char *name = r->at + 1 + (r->at[0] == '$' && r->at[1] == '{');
	size_t size = 0;

	while (*r->at == '$' && (isalnum((unsigned char)name[size]) || name[size] == '_'))
		size++;
	bool braced = r->at[0] == '$' && r->at[1] == '{';
	if (size && !isdigit((unsigned char)*name) && (!braced || name[size] == '}')) {
		draft_put_expression(out, "env(%.*s)", (int)size, name);
		r->at = name + size + braced;
	} else if (*r->at == '`' || r->at[1] == '(' || braced) {
		*dynamic = true;
		skip_substitution(r);
	} else {
		draft_put_byte(out, *r->at++);
	}
}

static int
take_double_quoted(struct shell_reader *r, struct buf *out, bool *dynamic, struct err *e)
{
	const char *open = r->at++;

	while (*r->at != '"') {
		if (!*r->at)
			return refuse(r, open, "the quote that begins here is never closed", e);
		if (*r->at == '\\' && r->at[1] == '\n') {
			r->at += 2;
		} else if (*r->at == '\\' && r->at[1] && strchr("$`\"\\", r->at[1])) {
			draft_put_byte(out, r->at[1]);
			r->at += 2;
		} else if (*r->at == '$' || *r->at == '`') {
			take_dollar(r, out, dynamic);
		} else {
			draft_put_byte(out, *r->at++);
		}
	}
	r->at++;
	return 0;
}

static int
take_single_quoted(struct shell_reader *r, struct buf *out, struct err *e)
{
	const char *close = strchr(r->at + 1, '\'');

	if (!close)
		return refuse(r, r->at, "the quote that begins here is never closed", e);
	for (r->at++; r->at < close; r->at++)
		draft_put_byte(out, *r->at);
	r->at++;
	return 0;
}

static bool
ends_word(char c)
{
	return !c || strchr(" \t\r\n;&|<>()", c);
}

/* One piece of a word: a quoted part, an escaped byte, a plain one. */
static int
take_piece(struct shell_reader *r, struct buf *out, bool *dynamic, struct err *e)
{
	if (r->at[0] == '^' && r->at[1] == '"')
		return refuse(r, r->at, "quoted for the command line of Windows, not for bash", e);
	switch (*r->at) {
	case '\'':
		return take_single_quoted(r, out, e);
	case '"':
		return take_double_quoted(r, out, dynamic, e);
	case '$':
		if (r->at[1] == '\'')
			return take_ansi_quoted(r, out, e);
		if (r->at[1] == '"') {
			r->at++;
			return take_double_quoted(r, out, dynamic, e);
		}
		take_dollar(r, out, dynamic);
		return 0;
	case '`':
		take_dollar(r, out, dynamic);
		return 0;
	case '\\':
		r->at++;
		if (*r->at && *r->at != '\n')
			draft_put_byte(out, *r->at);
		r->at += *r->at != '\0';
		return 0;
	default:
		draft_put_byte(out, *r->at++);
		return 0;
	}
}

static int
line_here(struct shell_reader *r)
{
	if (!r->counted) {
		r->counted = r->text;
		r->line = 1;
	}
	for (; r->counted < r->at; r->counted++)
		r->line += *r->counted == '\n';
	return r->line;
}

static int
take_word(struct shell_reader *r, struct shell_word *word, struct err *e)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	int code = 0;

	word->line = line_here(r);
	while (code == 0 && !ends_word(*r->at))
		code = take_piece(r, &out, &word->dynamic, e);
	word->text = arena_strdup(r->arena, buf_text(&out));
	return code;
}

/* Blanks, backslash-newline and, where a word could begin, comments. */
static void
skip_blanks(struct shell_reader *r)
{
	for (;;) {
		r->at += strspn(r->at, " \t\r");
		if (r->at[0] == '\\' && (r->at[1] == '\n' || (r->at[1] == '\r' && r->at[2] == '\n')))
			r->at += r->at[1] == '\n' ? 2 : 3;
		else if (*r->at == '#')
			r->at += strcspn(r->at, "\n");
		else
			return;
	}
}

int
shell_command(struct shell_reader *r, struct shell_word **ret, size_t *ret_n, struct err *e)
{
	*ret = NULL;
	*ret_n = 0;
	for (;;) {
		skip_blanks(r);
		if (!*r->at)
			return 0;
		if (ends_word(*r->at)) {
			/* A redirection's file is not the command's; everything else ends the command. */
			if (*r->at++ != '<' && r->at[-1] != '>' && *ret_n)
				return 0;
			continue;
		}
		if (*ret_n == WORDS_MAX)
			return refuse(r, r->at, "a command of more than 10000 words", e);
		struct shell_word *word = ARENA_PUSH(r->arena, *ret, *ret_n);
		int code = take_word(r, word, e);
		if (code < 0)
			return code;
	}
}

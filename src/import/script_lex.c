/* SPDX-License-Identifier: MIT */
#include "import/script_lex.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "import/plain_text.h"

#define TOKENS_MAX 500000

struct lexer {
	enum script_language language;
	const char *name, *text, *at, *end;
	struct arena *a;
	struct script_token *tokens; size_t n;
	const char *counted;
	int line;
	struct err *e;
};

static int
refuse(struct lexer *l, const char *at, const char *what)
{
	int line, column;

	plain_place(l->text, at, &line, &column);
	int code = err_usage(l->e, "%s:%d:%d: %s", l->name, line, column, what);
	err_hint(l->e, "is the script whole, and of the language that its format says?");
	return code;
}

static bool
sees(const struct lexer *l, const char *text)
{
	size_t n = strlen(text);
	return (size_t)(l->end - l->at) >= n && memcmp(l->at, text, n) == 0;
}

static void
push(struct lexer *l, enum script_token_kind kind, const char *from, const char *text, size_t size)
{
	for (; l->counted < from; l->counted++)
		l->line += *l->counted == '\n';
	struct script_token *t = ARENA_PUSH(l->a, l->tokens, l->n);
	*t = (struct script_token){ kind, arena_strndup(l->a, text, size), l->line };
}

/* Behind the next `mark`; the end when there is none. */
static void
skip_past(struct lexer *l, const char *mark)
{
	const char *found = memmem(l->at, (size_t)(l->end - l->at), mark, strlen(mark));
	l->at = found ? found + strlen(mark) : l->end;
}

static bool
skip_comment(struct lexer *l)
{
	bool lua = l->language == SCRIPT_LUA;

	if (lua ? sees(l, "--[[") : sees(l, "/*")) {
		skip_past(l, lua ? "]]" : "*/");
		return true;
	}
	if (lua ? sees(l, "--") : sees(l, "//")) {
		skip_past(l, "\n");
		return true;
	}
	return false;
}

/* One escape in a quoted string; what is not ASCII afterwards is taken as it is written. */
static void
take_escape(struct lexer *l, struct buf *out)
{
	static const char letters[] = "nrtbfv0", codes[] = "\n\r\t\b\f\v";
	const char *letter = strchr(letters, *l->at);
	unsigned value = 0;
	int most = *l->at == 'x' ? 2 : *l->at == 'u' ? 4 : 0;

	for (int i = 1; i <= most; i++) {
		if (l->at + i >= l->end || !isxdigit((unsigned char)l->at[i]))
			most = 0;
		else
			value = value * 16 + (unsigned)(isdigit((unsigned char)l->at[i]) ? l->at[i] - '0'
			    : tolower((unsigned char)l->at[i]) - 'a' + 10);
	}
	if (most && value && value < 0x80) {
		buf_putc(out, (char)value);
		l->at += most + 1;
	} else if (most) {
		buf_append(out, l->at - 1, (size_t)most + 2);
		l->at += most + 1;
	} else if (letter && *letter && letters[letter - letters] != '0') {
		buf_putc(out, codes[letter - letters]);
		l->at++;
	} else if (*l->at == '\n') {
		l->at++;
	} else {
		buf_putc(out, *l->at++);
	}
}

static int
take_quoted(struct lexer *l)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	const char *open = l->at++;

	while (l->at < l->end && *l->at != *open) {
		if (*l->at == '\n')
			break;
		if (*l->at == '\\' && l->at + 1 < l->end) {
			l->at++;
			take_escape(l, &out);
		} else {
			buf_putc(&out, *l->at++);
		}
	}
	if (l->at >= l->end || *l->at != *open)
		return refuse(l, open, "the quote that begins here is not closed on its line");
	l->at++;
	push(l, TOKEN_STRING, open, buf_text(&out), out.size);
	return 0;
}

/* `...` with ${...} in it, which may hold templates of its own. */
static int
take_template(struct lexer *l)
{
	const char *open = l->at++;
	int depth = 0;

	for (; l->at < l->end && (depth || *l->at != '`'); l->at++) {
		if (*l->at == '\\')
			l->at++;
		else if (sees(l, "${"))
			depth++;
		else if (depth && *l->at == '}')
			depth--;
	}
	if (l->at >= l->end)
		return refuse(l, open, "the template that begins here is never closed");
	push(l, TOKEN_TEMPLATE, open, open + 1, (size_t)(l->at - open - 1));
	l->at++;
	return 0;
}

/* [[...]] of Lua, without the line end that may follow its opening. */
static int
take_long_string(struct lexer *l)
{
	const char *open = l->at, *begin = open + 2 + (l->end - open > 2 && open[2] == '\n');

	skip_past(l, "]]");
	if (l->at < begin + 2 || memcmp(l->at - 2, "]]", 2) != 0)
		return refuse(l, open, "the long string that begins here is never closed");
	push(l, TOKEN_STRING, open, begin, (size_t)(l->at - 2 - begin));
	return 0;
}

/* A '/' begins a regular expression where a value is expected. */
static bool
begins_regex(const struct lexer *l)
{
	if (l->language != SCRIPT_JAVASCRIPT || *l->at != '/')
		return false;
	if (!l->n)
		return true;
	const struct script_token *last = &l->tokens[l->n - 1];
	return (last->kind == TOKEN_SIGN && !strchr(")]}", last->text[0])) ||
	    (last->kind == TOKEN_NAME && strcmp(last->text, "return") == 0);
}

static void
take_regex(struct lexer *l)
{
	const char *open = l->at++;
	bool class = false;

	for (; l->at < l->end && *l->at != '\n' && (class || *l->at != '/'); l->at++) {
		if (*l->at == '\\' && l->at + 1 < l->end)
			l->at++;
		else if (*l->at == '[')
			class = true;
		else if (*l->at == ']')
			class = false;
	}
	if (l->at < l->end && *l->at == '/')
		l->at++;
	push(l, TOKEN_SIGN, open, "/", 1);
}

static void
take_word(struct lexer *l)
{
	const char *begin = l->at;
	bool number = isdigit((unsigned char)*begin);

	while (l->at < l->end && (isalnum((unsigned char)*l->at) || *l->at == '_' || *l->at == '$' ||
	    (number && *l->at == '.' && !(l->at + 1 < l->end && l->at[1] == '.'))))
		l->at++;
	push(l, number ? TOKEN_NUMBER : TOKEN_NAME, begin, begin, (size_t)(l->at - begin));
}

static int
take_token(struct lexer *l)
{
	bool lua = l->language == SCRIPT_LUA;
	unsigned char c = (unsigned char)*l->at;

	if (c == '"' || c == '\'')
		return take_quoted(l);
	if (!lua && c == '`')
		return take_template(l);
	if (lua && sees(l, "[["))
		return take_long_string(l);
	if (isalnum(c) || c == '_' || c == '$') {
		take_word(l);
	} else if (begins_regex(l)) {
		take_regex(l);
	} else {
		size_t size = sees(l, lua ? ".." : "=>") ? 2 : 1;
		push(l, TOKEN_SIGN, l->at, l->at, size);
		l->at += size;
	}
	return 0;
}

int
script_read(enum script_language language, const char *name, const char *text, size_t size,
    struct arena *a, struct script *ret, struct err *e)
{
	struct lexer l = { .language = language, .name = name, .text = text, .at = text,
		.end = text + size, .a = a, .counted = text, .line = 1, .e = e };

	while (l.at < l.end) {
		int code = 0;
		if (isspace((unsigned char)*l.at))
			l.at++;
		else if (!skip_comment(&l))
			code = take_token(&l);
		if (code == 0 && l.n > TOKENS_MAX)
			code = refuse(&l, l.at, "a script of more than half a million words");
		if (code < 0)
			return code;
	}
	push(&l, TOKEN_END, l.end, "", 0);
	*ret = (struct script){ name, l.tokens, l.n };
	return 0;
}

const struct script_token *
script_at(const struct script *s, size_t i)
{
	return &s->tokens[i < s->n ? i : s->n - 1];
}

bool
script_is(const struct script *s, size_t i, const char *text)
{
	const struct script_token *t = script_at(s, i);
	return (t->kind == TOKEN_NAME || t->kind == TOKEN_SIGN) && strcmp(t->text, text) == 0;
}

bool
script_reads(const struct script *s, size_t i, const char *words)
{
	for (; *words; i++) {
		size_t size = strcspn(words, " ");
		const struct script_token *t = script_at(s, i);
		if ((t->kind != TOKEN_NAME && t->kind != TOKEN_SIGN) || strlen(t->text) != size ||
		    memcmp(t->text, words, size) != 0)
			return false;
		words += size + (words[size] == ' ');
	}
	return true;
}

size_t
script_close(const struct script *s, size_t i)
{
	int depth = 0;

	for (; i < s->n; i++) {
		const struct script_token *t = &s->tokens[i];
		if (t->kind != TOKEN_SIGN || t->text[1])
			continue;
		depth += strchr("([{", t->text[0]) != NULL;
		depth -= strchr(")]}", t->text[0]) != NULL;
		if (depth <= 0)
			return i + 1;
	}
	return s->n - 1;
}

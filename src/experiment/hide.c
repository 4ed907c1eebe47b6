/* SPDX-License-Identifier: MIT */
#include "experiment/hide.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret_name.h"

#define SPACE   " \t\n"
#define HIDDEN  "***"

static bool
names_secret(const char *name, size_t size)
{
	static const char *const harmless[] = { "Error", "Exception" };   /* "KeyError: 'port'" */

	for (size_t i = 0; i < COUNT_OF(harmless); i++) {
		size_t n = strlen(harmless[i]);
		if (size >= n && memcmp(name + size - n, harmless[i], n) == 0)
			return false;
	}
	return secret_name(name, size);
}

/* Does a secret's name stand before the sign? */
static bool
gives_secret(const char *line, size_t sign)
{
	size_t end = sign, begin;

	while (end && strchr("\"' ", line[end - 1]))
		end--;
	for (begin = end; begin && (isalnum((unsigned char)line[begin - 1]) ||
	     line[begin - 1] == '_' || line[begin - 1] == '-' || line[begin - 1] == '.');)
		begin--;
	return begin < end && names_secret(line + begin, end - begin);
}

/* ---- what was printed ---------------------------------------------------------------------- */

void
hide_in_line(const char *line, struct buf *out)
{
	for (size_t at = 0; line[at]; at++) {
		if (strchr("=:", line[at]) && gives_secret(line, at)) {
			buf_puts(out, line[at] == ':' ? ": " HIDDEN : "=" HIDDEN);
			return;
		}
		buf_putc(out, line[at]);
		if (strncmp(line + at, "://", 3) != 0)
			continue;
		size_t end = strcspn(line + at + 3, "/?# \"'<>");
		const char *who = memrchr(line + at + 3, '@', end);
		buf_puts(out, who ? "//" HIDDEN : "//");
		at = who ? (size_t)(who - line) - 1 : at + 2;
	}
}

/* ---- commands ------------------------------------------------------------------------------ */

/* Where the shell's word that goes on at `at` ends; `quote`: the quotes that this place is within. */
static size_t
word_end(const char *text, size_t at, char quote)
{
	char within = quote;

	for (; text[at] && (within || !strchr(SPACE ";&|", text[at])); at++) {
		if (within ? text[at] != within : text[at] != '"' && text[at] != '\'')
			continue;
		if (quote)
			break;
		within = within ? '\0' : text[at];
	}
	return at;
}

/* "--token x": is this the space between them? */
static bool
ends_secret_option(const char *text, size_t space)
{
	size_t begin = space, value = space + strspn(text + space, SPACE);

	if (value == space || !text[value] || text[value] == '-')
		return false;
	while (begin && !strchr(SPACE "\"'=:", text[begin - 1]))
		begin--;
	return text[begin] == '-' && names_secret(text + begin, space - begin);
}

/* Of what follows "://": the size of "user:password", which may hold a '/'; 0: none. */
static size_t
user_size(const char *text)
{
	const char *at = memrchr(text, '@', strcspn(text, SPACE "\"'<>;|"));
	return at ? (size_t)(at - text) : 0;
}

const char *
hide_in_command(struct arena *a, const char *command)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	char quote = '\0';

	for (size_t at = 0; command[at];) {
		bool url = strncmp(command + at, "://", 3) == 0;
		bool given = !url && strchr("=:", command[at]) && gives_secret(command, at);
		bool option = ends_secret_option(command, at);
		size_t user = url ? user_size(command + at + 3) : 0;

		if (quote ? command[at] == quote : command[at] == '"' || command[at] == '\'')
			quote = quote ? '\0' : command[at];
		buf_putc(&out, command[at++]);
		if (user) {
			buf_puts(&out, "//" HIDDEN);
			at += 2 + user;
		} else if (given || option) {
			buf_puts(&out, HIDDEN);
			at = word_end(command, command[at - 1] == '=' ? at : at + strspn(command + at, SPACE), quote);
		}
	}
	return arena_strdup(a, buf_text(&out));
}

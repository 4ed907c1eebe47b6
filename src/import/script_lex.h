/* SPDX-License-Identifier: MIT */
/* JavaScript and Lua as tokens: as much of the two languages as recognisers of fixed patterns need.
 * Numbers, names and strings are told from signs; nothing is parsed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum script_language { SCRIPT_JAVASCRIPT, SCRIPT_LUA };

enum script_token_kind {
	TOKEN_END,        /* the last one, always there */
	TOKEN_NAME, TOKEN_NUMBER,
	TOKEN_STRING,     /* text without quotes, escapes undone */
	TOKEN_TEMPLATE,   /* `...` of JavaScript: text as written between the signs */
	TOKEN_SIGN,       /* one character, or "..", "=>" */
};

struct script_token {
	enum script_token_kind kind;
	const char *text;
	int line;
};

struct script {
	const char *name;
	const struct script_token *tokens; size_t n;   /* with the end */
};

/* How far a value is followed, whatever the script does. */
#define SCRIPT_DEPTH_MAX 16        /* names that stand for names, brackets within brackets */
#define SCRIPT_STEPS_MAX 1000000   /* terms in all: names may multiply */
#define SCRIPT_ITEMS_MAX 256       /* of a list that a request chooses from */

int script_read(enum script_language language, const char *name, const char *text, size_t size,
    struct arena *a, struct script *ret, struct err *e);

/* Is token `i` (or the end, past it) this name or sign? */
bool script_is(const struct script *s, size_t i, const char *text);
/* Do the tokens from `i` on read so? The words are parted by blanks: "http . get (". */
bool script_reads(const struct script *s, size_t i, const char *words);
/* Behind the bracket that closes the one at `i`; the end when it is not closed. */
size_t script_close(const struct script *s, size_t i);
const struct script_token *script_at(const struct script *s, size_t i);

/* SPDX-License-Identifier: MIT */
#include "net/pgwire_error.h"

#include <string.h>

void
pg_error_begin(struct pg_error *e)
{
	*e = (struct pg_error){ 0 };
}

/* Where the field goes, and how many bytes at most; NULL: nowhere. V is the severity again, not
 * translated; it comes after S. */
static char *
target(struct pg_error *e, size_t *ret_most)
{
	switch (e->field) {
	case 'S': case 'V':
		*ret_most = sizeof(e->severity) - 1;
		return e->severity;
	case 'C':
		*ret_most = sizeof(e->sqlstate) - 1;
		return e->sqlstate;
	case 'M':
		*ret_most = sizeof(e->message) - 1;
		return e->message;
	}
	*ret_most = 0;
	return NULL;
}

static bool
field_byte(struct pg_error *e, char c)
{
	size_t most;

	if (e->ended)
		return false;
	if (!e->field) {
		e->field = c;
		e->ended = !c;
		e->size = 0;
		return true;
	}
	char *to = target(e, &most);
	if (e->size < most) {
		to[e->size] = !c || (c >= ' ' && c < 0x7f) ? c : '?';
		to[++e->size] = '\0';
	}
	if (!c)
		e->field = '\0';
	return true;
}

bool
pg_error_bytes(struct pg_error *e, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!field_byte(e, bytes[i]))
			return false;
	return true;
}

/* Does the quotation that begins at `quote` name a thing of the schema? The word in front tells. */
static bool
quotes_a_name(const char *message, const char *quote)
{
	static const char *const words[] = {
		"column", "constraint", "database", "extension", "function", "index", "relation", "role",
		"schema", "sequence", "statement", "table", "type", "user", "view",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);
		if ((size_t)(quote - message) > n && quote[-1] == ' ' &&
		    memcmp(quote - 1 - n, words[i], n) == 0)
			return true;
	}
	return false;
}

/* What a message quotes is a name of the schema, which helps, or a value, which is nobody's
 * business: "value "1234567" is out of range". A value may hold quotation marks, too: it is taken
 * to end at the last one, or never when that may have been cut off. */
static void
hide_values(char *message)
{
	bool cut = strlen(message) == PG_MESSAGE_TEXT_MAX;
	char *quote = message;

	while ((quote = strchr(quote, '"'))) {
		char *end = strchr(quote + 1, '"');
		if (!end || !quotes_a_name(message, quote))
			break;
		quote = end + 1;
	}
	if (!quote)
		return;
	char *last = strrchr(quote, '"');
	*quote = '?';
	if (cut || last == quote)
		quote[1] = '\0';
	else
		memmove(quote + 1, last + 1, strlen(last + 1) + 1);
}

bool
pg_error_end(struct pg_error *e)
{
	hide_values(e->message);
	return e->ended;
}

/* SPDX-License-Identifier: MIT */
#include "net/resp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A count or a length. By hand: formatted, it would be most of a command's cost. */
static void
put_count(struct buf *out, char type, size_t n)
{
	char text[24], *at = text + sizeof(text);

	*--at = '\n';
	*--at = '\r';
	do
		*--at = (char)('0' + n % 10);
	while (n /= 10);
	*--at = type;
	buf_append(out, at, (size_t)(text + sizeof(text) - at));
}

void
resp_command(struct buf *out, const struct resp_word *words, size_t n)
{
	put_count(out, '*', n);
	for (size_t i = 0; i < n; i++) {
		put_count(out, '$', words[i].size);
		buf_append(out, words[i].bytes, words[i].size);
		buf_append(out, "\r\n", 2);
	}
}

static struct resp_word
word(const char *s)
{
	return (struct resp_word){ s, strlen(s) };
}

void
resp_hello(struct buf *out, const char *user, const char *password)
{
	struct resp_word words[5] = { word("HELLO"), word("3") };
	size_t n = 2;

	if (password) {
		words[n++] = word("AUTH");
		words[n++] = word(user ? user : "default");
		words[n++] = word(password);
	}
	resp_command(out, words, n);
}

void
resp_auth(struct buf *out, const char *user, const char *password)
{
	struct resp_word words[3] = { word("AUTH") };
	size_t n = 1;

	if (user)
		words[n++] = word(user);
	words[n++] = word(password);
	resp_command(out, words, n);
}

void
resp_select(struct buf *out, int64_t database)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, database);
	resp_command(out, (struct resp_word[]){ word("SELECT"), word(text) }, 2);
}

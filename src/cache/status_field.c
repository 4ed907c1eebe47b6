/* SPDX-License-Identifier: MIT */
#include "cache/status_field.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 64

static const char *const forwards[] = {
	[CACHE_FORWARD_NONE] = NULL,
	[CACHE_FORWARD_BYPASS] = "bypass",
	[CACHE_FORWARD_METHOD] = "method",
	[CACHE_FORWARD_URI_MISS] = "uri-miss",
	[CACHE_FORWARD_VARY_MISS] = "vary-miss",
	[CACHE_FORWARD_REQUEST] = "request",
	[CACHE_FORWARD_STALE] = "stale",
	[CACHE_FORWARD_PARTIAL] = "partial",
};

/* All pieces together stay below CACHE_STATUS_MAX: two words, quoted, and less than 100 bytes
 * else. */
_Static_assert(WORD_MAX * 2 + 100 < CACHE_STATUS_MAX, "the longest member fits");

static char *
put_number(char *at, int64_t n)
{
	char digits[20];
	int i = 0;
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	do
		digits[i++] = (char)('0' + left % 10);
	while (left /= 10);
	if (n < 0)
		*at++ = '-';
	while (i)
		*at++ = digits[--i];
	return at;
}

static bool
is_token(const char *word)
{
	if (!isalpha((unsigned char)*word) && *word != '*')
		return false;
	for (const char *c = word; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~:/", *c))
			return false;
	return true;
}

/* As a token where it is one, else as a string; what a string cannot hold becomes '?'. */
static char *
put_word(char *at, const char *word)
{
	bool token = is_token(word);
	size_t n = strnlen(word, WORD_MAX);

	if (!token)
		*at++ = '"';
	for (size_t i = 0; i < n; i++) {
		bool quoted = word[i] == '"' || word[i] == '\\';
		*at++ = quoted || word[i] < 0x20 || word[i] > 0x7e ? '?' : word[i];
	}
	if (!token)
		*at++ = '"';
	return at;
}

size_t
cache_status_write(const struct cache_status *s, char out[CACHE_STATUS_MAX])
{
	char *at = put_word(out, s->cache);

	if (s->forward == CACHE_FORWARD_NONE)
		at = stpcpy(at, "; hit");
	else
		at = stpcpy(stpcpy(at, "; fwd="), forwards[s->forward]);
	if (s->origin_status)
		at = put_number(stpcpy(at, "; fwd-status="), s->origin_status);
	if (s->stored)
		at = stpcpy(at, "; stored");
	if (s->collapsed)
		at = stpcpy(at, "; collapsed");
	if (s->has_ttl)
		at = put_number(stpcpy(at, "; ttl="), s->ttl_s);
	if (s->detail)
		at = put_word(stpcpy(at, "; detail="), s->detail);
	return (size_t)(at - out);
}

/* SPDX-License-Identifier: MIT */
/* Values of header fields (RFC 9110, section 5), as views of bytes that are not ended by NUL. In the
 * header, because each line of each answer goes through them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct text {
	const char *at;
	size_t size;
};

static inline struct text
text_of(const char *s)
{
	return (struct text){ s, strlen(s) };
}

static inline bool
text_is_exactly(struct text t, const char *word)
{
	return t.size == strlen(word) && memcmp(t.at, word, t.size) == 0;
}

/* In whatever case. */
static inline bool
text_is(struct text t, const char *word)
{
	return t.size == strlen(word) && strncasecmp(t.at, word, t.size) == 0;
}

static inline struct text
text_trim(struct text t)
{
	while (t.size && (t.at[0] == ' ' || t.at[0] == '\t'))
		t.at++, t.size--;
	while (t.size && (t.at[t.size - 1] == ' ' || t.at[t.size - 1] == '\t'))
		t.size--;
	return t;
}

/* Is `word` among the comma-separated words? */
static inline bool
text_lists(struct text t, const char *word)
{
	while (t.size) {
		const char *comma = memchr(t.at, ',', t.size);
		size_t n = comma ? (size_t)(comma - t.at) : t.size;
		if (text_is(text_trim((struct text){ t.at, n }), word))
			return true;
		t.at += n + (comma != NULL);
		t.size -= n + (comma != NULL);
	}
	return false;
}

/* SPDX-License-Identifier: MIT */
#include "base/secret_name.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

/* A whole word of the name, or a part of it wherever it stands. */
static const char *const words[] = {
	"key", "keys", "auth", "sig", "sid", "pwd", "pass", "otp", "pin", "mail", "jwt", "cvv", "iban",
	"ssn",
};
static const char *const parts[] = {
	"token", "secret", "password", "passwd", "session", "signature", "credential", "apikey",
	"accesskey", "authoriz", "authentic", "oauth", "email", "csrf", "xsrf",
};

/* Asked for each parameter of each request, so most is told by a first letter. */
static bool
begins_alike(const char *text, const char *lower)
{
	return (*text | 0x20) == *lower;
}

static bool
is_word(const char *word, size_t size)
{
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (begins_alike(word, words[i]) && strlen(words[i]) == size &&
		    strncasecmp(words[i], word, size) == 0)
			return true;
	return false;
}

static bool
has_part(const char *name, size_t size)
{
	for (size_t at = 0; at < size; at++)
		for (size_t i = 0; i < COUNT_OF(parts); i++)
			if (begins_alike(name + at, parts[i]) && strlen(parts[i]) <= size - at &&
			    strncasecmp(name + at, parts[i], strlen(parts[i])) == 0)
				return true;
	return false;
}

/* Where the word that begins at `at` ends: words are parted by signs, digits and capitals. */
static size_t
word_end(const char *name, size_t size, size_t at)
{
	size_t end = at + 1;

	if (!isalpha((unsigned char)name[at]))
		return end;
	while (end < size && isalpha((unsigned char)name[end]) &&
	    !(isupper((unsigned char)name[end]) && islower((unsigned char)name[end - 1])))
		end++;
	return end;
}

bool
secret_name(const char *name, size_t size)
{
	for (size_t at = 0, end; at < size; at = end) {
		end = word_end(name, size, at);
		if (isalpha((unsigned char)name[at]) && is_word(name + at, end - at))
			return true;
	}
	return has_part(name, size);
}

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

static bool
is_word(const char *word, size_t size)
{
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strlen(words[i]) == size && strncasecmp(words[i], word, size) == 0)
			return true;
	return false;
}

static bool
has_part(const char *name, size_t size)
{
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		size_t n = strlen(parts[i]);
		for (size_t at = 0; at + n <= size; at++)
			if (strncasecmp(name + at, parts[i], n) == 0)
				return true;
	}
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

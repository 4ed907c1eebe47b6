/* SPDX-License-Identifier: MIT */
#include "import/secret.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define DEPTH_MAX 200

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

const char *
secret_variable(struct arena *a, const char *name, size_t size)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < size && i < 64; i++) {
		unsigned char c = (unsigned char)name[i];
		if (i && isupper(c) && islower((unsigned char)name[i - 1]))
			buf_putc(&out, '_');
		buf_putc(&out, isalnum(c) && c < 0x80 ? (char)toupper(c) : '_');
	}
	const char *text = buf_text(&out);
	const char *copy = arena_printf(a, "%s%s", isdigit((unsigned char)text[0]) || !text[0] ? "V_" : "",
	    text);
	buf_done(&out);
	return copy;
}

const char *
secret_query(struct arena *a, const char *query, bool drop, size_t *ret_hidden)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	size_t hidden = 0;

	for (const char *at = query; *at;) {
		size_t size = strcspn(at, "&"), name = strcspn(at, "=&");
		bool hide = at[name] == '=' && size > name + 1 && strncmp(at + name + 1, "${env(", 6) != 0 &&
		    secret_name(at, name);
		buf_append(&out, at, hide ? name + 1 : size);
		if (hide && !drop)
			buf_printf(&out, "${env(%s)}", secret_variable(a, at, name));
		hidden += hide;
		at += size;
		if (*at == '&')
			buf_putc(&out, *at++);
	}
	*ret_hidden = hidden;
	return hidden ? arena_strdup(a, buf_text(&out)) : query;
}

static size_t
hide_fields(struct arena *a, json_t *j, int depth)
{
	size_t hidden = 0, index;
	const char *key;
	json_t *value;
	void *next;

	if (depth > DEPTH_MAX)
		return 0;
	json_object_foreach_safe(j, next, key, value) {
		if (json_is_string(value) && json_string_length(value) && secret_name(key, strlen(key)) &&
		    strncmp(json_string_value(value), "${env(", 6) != 0) {
			json_object_set_new(j, key,
			    json_sprintf("${env(%s)}", secret_variable(a, key, strlen(key))));
			hidden++;
		} else {
			hidden += hide_fields(a, value, depth + 1);
		}
	}
	json_array_foreach(j, index, value)
		hidden += hide_fields(a, value, depth + 1);
	return hidden;
}

const char *
secret_json(struct arena *a, const char *text, size_t *ret_hidden)
{
	json_error_t why;
	json_t *j = json_loads(text, JSON_DECODE_ANY, &why);

	*ret_hidden = 0;
	if (!j)
		return NULL;
	*ret_hidden = hide_fields(a, j, 0);
	char *dump = *ret_hidden ? json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	const char *copy = dump ? arena_strdup(a, dump) : text;
	free(dump);
	json_decref(j);
	return copy;
}

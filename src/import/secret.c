/* SPDX-License-Identifier: MIT */
#include "import/secret.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define DEPTH_MAX 200

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

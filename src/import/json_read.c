/* SPDX-License-Identifier: MIT */
#include "import/json_read.h"

#include <string.h>

int
json_read(const char *name, const char *text, size_t size, json_t **ret, struct err *e)
{
	json_error_t why;

	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		size -= 3;
	}
	*ret = json_loadb(text, size, 0, &why);
	if (*ret)
		return 0;
	int code = err_usage(e, "%s:%d:%d: not JSON: %s", name, why.line, why.column, why.text);
	err_hint(e, json_error_code(&why) == json_error_premature_end_of_input ?
	    "the file is cut off: save it again" : "is this the right file? --format names its format");
	return code;
}

const char *
json_member_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

void
json_done(json_t **j)
{
	json_decref(*j);
}

const char *
json_first_key(const char *text, size_t size, const char *key)
{
	const char *end = text + size, *at = text;
	size_t n = strlen(key);

	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	while (at < end && strchr(" \t\r\n", *at) && *at)
		at++;
	if (at == end || *at++ != '{')
		return NULL;
	while (at < end && strchr(" \t\r\n", *at) && *at)
		at++;
	if ((size_t)(end - at) < n + 3 || *at != '"' || memcmp(at + 1, key, n) != 0 || at[n + 1] != '"')
		return NULL;
	return at + n + 2;
}

/* SPDX-License-Identifier: MIT */
#include "net/openai.h"

#include <string.h>

#include <jansson.h>

static enum openai_verdict
bad(struct openai *o, const char *why)
{
	o->why = why;
	return OPENAI_BAD;
}

static bool
has_text(const json_t *object, const char *key)
{
	const json_t *text = json_object_get(object, key);

	return json_is_string(text) && json_string_length(text) > 0;
}

/* Servers disagree on the name of what a model thinks before it answers. */
static bool
has_reasoning(const json_t *delta)
{
	return has_text(delta, "reasoning_content") || has_text(delta, "reasoning");
}

static enum openai_verdict
read_choices(struct openai *o, const json_t *choices)
{
	bool content = false, reasoning = false;
	const json_t *choice;
	size_t i;

	json_array_foreach(choices, i, choice) {
		const json_t *delta = json_object_get(choice, "delta");
		content |= has_text(delta, "content") || has_text(choice, "text");
		reasoning |= has_reasoning(delta);
	}
	o->content_chunks += content;
	o->reasoning_chunks += reasoning;
	return content ? OPENAI_CONTENT : reasoning ? OPENAI_REASONING : OPENAI_OTHER;
}

static int64_t
count_of(const json_t *object, const char *key)
{
	int64_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? n : 0;
}

static void
read_usage(struct openai *o, const json_t *usage)
{
	if (!json_is_integer(json_object_get(usage, "completion_tokens")))
		return;
	o->has_usage = true;
	o->completion_tokens = count_of(usage, "completion_tokens");
	o->prompt_tokens = count_of(usage, "prompt_tokens");
}

/* ---- errors -------------------------------------------------------------------------------- */

static void
keep_error(struct openai *o, const char *text)
{
	size_t n = 0;

	for (; text[n] && n < OPENAI_TEXT_MAX; n++)
		o->error[n] = text[n] >= ' ' && text[n] < 0x7f ? text[n] : '?';
	o->error[n] = '\0';
}

/* {"error": {"message": ...}}, {"error": "..."} or {"object": "error", "message": ...}. */
static const json_t *
error_of(const json_t *root)
{
	const json_t *error = json_object_get(root, "error");
	const char *object = json_string_value(json_object_get(root, "object"));

	if (error && !json_is_null(error))
		return error;
	return object && strcmp(object, "error") == 0 ? root : NULL;
}

static enum openai_verdict
read_error(struct openai *o, const json_t *error)
{
	static const char *const keys[] = { "message", "type", "code" };
	const char *text = json_string_value(error);

	for (size_t i = 0; !text && i < sizeof(keys) / sizeof(keys[0]); i++)
		text = json_string_value(json_object_get(error, keys[i]));
	keep_error(o, text ? text : "an error without a message");
	return OPENAI_ERROR;
}

/* ---- events -------------------------------------------------------------------------------- */

static bool
is_end(const char *data, size_t size)
{
	while (size && data[size - 1] == ' ')
		size--;
	return size == 6 && memcmp(data, "[DONE]", 6) == 0;
}

enum openai_verdict
openai_event(struct openai *o, const char *data, size_t size)
{
	json_error_t ignored;

	if (is_end(data, size)) {
		o->ended = true;
		return OPENAI_END;
	}
	if (size > OPENAI_EVENT_MAX)
		return bad(o, "an event is too large");
	json_t *root = json_loadb(data, size, JSON_ALLOW_NUL, &ignored);
	if (!json_is_object(root)) {
		json_decref(root);
		return bad(o, "an event is no JSON object");
	}
	const json_t *error = error_of(root);
	read_usage(o, json_object_get(root, "usage"));
	enum openai_verdict v = error ? read_error(o, error)
	    : read_choices(o, json_object_get(root, "choices"));
	json_decref(root);
	return v;
}

int64_t
openai_tokens(const struct openai *o, bool *ret_estimated)
{
	*ret_estimated = !o->has_usage;
	return o->has_usage ? o->completion_tokens : o->content_chunks + o->reasoning_chunks;
}

/* SPDX-License-Identifier: MIT */
#include "import/openapi_value.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "import/json_read.h"
#include "import/plain_text.h"

#define REFS_MAX    20
#define BODY_MAX    ((size_t)256 << 10)
#define NUMBERS_TO  100     /* where a schema sets no highest number */

/* ---- references ---- */

/* One step of a JSON pointer, "~1" and %2F undone. */
static const json_t *
pointer_step(const json_t *node, const char *step, size_t size)
{
	char key[256];
	size_t n = 0;
	unsigned byte;

	for (size_t i = 0; i < size && n + 1 < sizeof(key); i++) {
		if (step[i] == '~' && i + 1 < size) {
			key[n++] = step[++i] == '1' ? '/' : '~';
		} else if (step[i] == '%' && i + 2 < size && sscanf(step + i + 1, "%2x", &byte) == 1) {
			key[n++] = (char)byte;
			i += 2;
		} else {
			key[n++] = step[i];
		}
	}
	key[n] = '\0';
	if (json_is_array(node))
		return json_array_get(node, strtoul(key, NULL, 10));
	return json_object_get(node, key);
}

static const json_t *
follow(const struct openapi *api, const char *ref)
{
	const json_t *node = api->root;

	if (*ref++ != '#')
		return NULL;
	while (node && *ref == '/') {
		size_t size = strcspn(++ref, "/");
		node = pointer_step(node, ref, size);
		ref += size;
	}
	return node;
}

const json_t *
openapi_resolve(struct openapi *api, const json_t *node)
{
	for (int i = 0; i < REFS_MAX; i++) {
		const char *ref = json_member_text(node, "$ref");
		if (!ref)
			return node;
		node = follow(api, ref);
		if (!node) {
			draft_note(api->d, 1, "what %.100s refers to: only references within the file are read", ref);
			return NULL;
		}
	}
	draft_note(api->d, 1, "references that lead in a circle");
	return NULL;
}

/* ---- values ---- */

static bool
is_type(const json_t *schema, const char *type)
{
	const json_t *types = json_object_get(schema, "type"), *item;
	size_t i;

	if (json_is_string(types))
		return strcmp(json_string_value(types), type) == 0;
	json_array_foreach(types, i, item)
		if (json_is_string(item) && strcmp(json_string_value(item), type) == 0)
			return true;
	return false;
}

/* The value that the description itself gives, in the order of how concrete it is. */
static const json_t *
given_value(struct openapi *api, const json_t *node)
{
	static const char *const keys[] = { "example", "x-example", "default", "const" };
	const json_t *value, *examples = json_object_get(node, "examples");

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if ((value = json_object_get(node, keys[i])) && !json_is_null(value))
			return value;
	if (json_is_array(examples) && json_array_size(examples))
		return json_array_get(examples, 0);
	void *first = json_object_iter((json_t *)examples);
	if (first) {
		const json_t *example = openapi_resolve(api, json_object_iter_value(first));
		if ((value = json_object_get(example, "value")))
			return value;
	}
	return NULL;
}

static void
put_text(struct draft *d, struct buf *out, const char *text)
{
	buf_puts(out, draft_literal(d, text, strlen(text)));
}

/* A single value as text; false: an object or a list. */
static bool
put_scalar(struct draft *d, struct buf *out, const json_t *value)
{
	if (json_is_string(value))
		put_text(d, out, json_string_value(value));
	else if (json_is_integer(value))
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		buf_printf(out, "%.15g", json_real_value(value));
	else if (json_is_boolean(value))
		buf_puts(out, json_is_true(value) ? "true" : "false");
	else
		return false;
	return true;
}

static void
put_number(struct buf *out, const json_t *schema)
{
	const json_t *least = json_object_get(schema, "minimum");
	const json_t *most = json_object_get(schema, "maximum");
	json_int_t low = json_is_number(least) ? (json_int_t)json_number_value(least) : 1;
	json_int_t high = json_is_number(most) ? (json_int_t)json_number_value(most) :
	    low < NUMBERS_TO ? NUMBERS_TO : low + NUMBERS_TO;

	if (json_is_number(most) && !json_is_number(least) && high < 1)
		low = high;
	draft_put_expression(out, "random(%lld, %lld)", (long long)low,
	    (long long)(high < low ? low : high));
}

/* Texts whose form has a name (JSON Schema validation, section 7.3). */
static void
put_string(struct buf *out, const json_t *schema)
{
	static const struct { const char *format, *text; } forms[] = {
		{ "date", "2026-01-15" }, { "date-time", "2026-01-15T12:00:00Z" }, { "time", "12:00:00Z" },
		{ "email", "someone@example.com" }, { "uri", "http://example.com/" },
		{ "url", "http://example.com/" }, { "hostname", "example.com" }, { "ipv4", "192.0.2.1" },
		{ "ipv6", "2001:db8::1" }, { "byte", "dGV4dA==" },
	};
	const char *format = json_member_text(schema, "format");

	if (format && strcmp(format, "uuid") == 0) {
		draft_put_expression(out, "uuid()");
		return;
	}
	for (size_t i = 0; format && i < COUNT_OF(forms); i++)
		if (strcmp(forms[i].format, format) == 0) {
			buf_puts(out, forms[i].text);
			return;
		}
	json_int_t least = json_integer_value(json_object_get(schema, "minLength"));
	buf_puts(out, "text");
	for (json_int_t i = 4; i < least && i < 1000; i++)
		buf_putc(out, 'x');
}

/* One of the enumeration; false: it has none that is a single value. */
static bool
put_enumeration(struct draft *d, struct buf *out, const json_t *list)
{
	const char *values[32];
	const json_t *value;
	size_t i, n = 0;

	json_array_foreach(list, i, value) {
		CLEANUP(buf_done) struct buf text = { 0 };
		if (n < COUNT_OF(values) && put_scalar(d, &text, value))
			values[n++] = arena_strdup(d->arena, buf_text(&text));
	}
	if (n == 1)
		buf_puts(out, values[0]);
	else if (n)
		draft_put_choice(out, values, n);
	return n > 0;
}

/* A parameter's or property's single value by its schema; false: it has no single value. */
static bool
put_by_schema(struct openapi *api, struct buf *out, const json_t *schema)
{
	const json_t *given = given_value(api, schema);

	if (given)
		return put_scalar(api->d, out, given);
	if (put_enumeration(api->d, out, json_object_get(schema, "enum")))
		return true;
	if (is_type(schema, "integer") || is_type(schema, "number"))
		put_number(out, schema);
	else if (is_type(schema, "boolean"))
		buf_puts(out, "true");
	else if (is_type(schema, "string") || (!is_type(schema, "object") && !is_type(schema, "array")))
		put_string(out, schema);
	else
		return false;
	return true;
}

const char *
openapi_parameter(struct openapi *api, const json_t *parameter)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	const json_t *given = given_value(api, parameter);
	const json_t *schema = openapi_resolve(api, api->swagger ? parameter :
	    json_object_get(parameter, "schema"));

	if (is_type(schema, "array"))
		schema = openapi_resolve(api, json_object_get(schema, "items"));
	if (json_is_array(given))
		given = json_array_get(given, 0);
	bool put = given ? put_scalar(api->d, &out, given) : schema && put_by_schema(api, &out, schema);
	return put ? arena_strdup(api->d->arena, buf_text(&out)) : NULL;
}

/* ---- bodies ---- */

static void
put_json(struct draft *d, struct buf *out, const json_t *value)
{
	char *dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

	if (dump)
		put_text(d, out, dump);
	free(dump);
}

/* A circle of schemas is cut where it closes. */
static bool
is_open(const struct openapi *api, const json_t *schema)
{
	for (size_t i = 0; i < api->n_open; i++)
		if (api->open[i] == schema)
			return true;
	return api->n_open == COUNT_OF(api->open);
}

static void put_body(struct openapi *api, struct buf *out, const json_t *schema);

/* The properties of a schema and of the parts that it is composed of. */
static void
put_properties(struct openapi *api, struct buf *out, const json_t *schema, bool *first)
{
	const json_t *part, *property;
	const char *key;
	size_t i;

	json_array_foreach(json_object_get(schema, "allOf"), i, part) {
		const json_t *of = openapi_resolve(api, part);
		if (!of || is_open(api, of))
			continue;
		api->open[api->n_open++] = of;
		put_properties(api, out, of, first);
		api->n_open--;
	}
	json_object_foreach((json_t *)json_object_get(schema, "properties"), key, property) {
		const json_t *of = openapi_resolve(api, property);
		if (!of || json_is_true(json_object_get(of, "readOnly")) || is_open(api, of))
			continue;
		json_t *name = json_string(key);
		buf_puts(out, *first ? "" : ",");
		put_json(api->d, out, name);
		buf_putc(out, ':');
		put_body(api, out, of);
		json_decref(name);
		*first = false;
	}
}

static bool
is_object(const json_t *schema)
{
	return is_type(schema, "object") || json_object_get(schema, "properties") ||
	    json_object_get(schema, "allOf");
}

/* Text values stand in quotes, numbers do not. */
static void
put_single(struct openapi *api, struct buf *out, const json_t *schema)
{
	CLEANUP(buf_done) struct buf value = { 0 };
	const json_t *first = json_array_get(json_object_get(schema, "enum"), 0);
	bool text = first ? json_is_string(first) : !is_type(schema, "integer") &&
	    !is_type(schema, "number") && !is_type(schema, "boolean");

	put_by_schema(api, &value, schema);
	buf_printf(out, text ? "\"%s\"" : "%s", value.size ? buf_text(&value) : text ? "" : "null");
}

/* What stands in a list, or instead of one of several schemas. */
static void
put_inner(struct openapi *api, struct buf *out, const json_t *node, const char *otherwise)
{
	const json_t *schema = openapi_resolve(api, node);

	if (!schema || is_open(api, schema))
		buf_puts(out, otherwise);
	else
		put_body(api, out, schema);
}

static void
put_composed(struct openapi *api, struct buf *out, const json_t *schema)
{
	const json_t *one = json_array_get(json_object_get(schema, "oneOf"), 0);
	bool first = true;

	if (!one)
		one = json_array_get(json_object_get(schema, "anyOf"), 0);
	if (one && !is_object(schema)) {
		put_inner(api, out, one, "null");
	} else if (is_object(schema)) {
		buf_putc(out, '{');
		put_properties(api, out, schema, &first);
		buf_putc(out, '}');
	} else if (is_type(schema, "array")) {
		buf_putc(out, '[');
		put_inner(api, out, json_object_get(schema, "items"), "");
		buf_putc(out, ']');
	} else {
		put_single(api, out, schema);
	}
}

static void
put_body(struct openapi *api, struct buf *out, const json_t *schema)
{
	const json_t *given = given_value(api, schema);

	if (given) {
		put_json(api->d, out, given);
		return;
	}
	if (out->size > BODY_MAX || is_open(api, schema)) {
		buf_puts(out, "null");
		return;
	}
	api->open[api->n_open++] = schema;
	put_composed(api, out, schema);
	api->n_open--;
}

const char *
openapi_body(struct openapi *api, const json_t *media, const json_t *schema)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	const json_t *given = media ? given_value(api, media) : NULL;

	if (given)
		put_json(api->d, &out, given);
	else if ((schema = openapi_resolve(api, schema)))
		put_body(api, &out, schema);
	if (out.size > BODY_MAX) {
		draft_note(api->d, 1, "bodies that grow past 256 KiB");
		return NULL;
	}
	return out.size ? arena_strdup(api->d->arena, buf_text(&out)) : NULL;
}

/* SPDX-License-Identifier: MIT */
/* run.json out and in, and its schema: three walks over the table of run_fields.c. */
#include "run/run_codec.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "run/run_fields.h"

static void
blank(const struct run_type *type, void *at)
{
	for (size_t i = 0; i < type->n_fields; i++) {
		const struct run_field *f = &type->fields[i];
		if (f->kind == FIELD_NUM)
			*(double *)((char *)at + f->offset) = NAN;
		else if (f->kind == FIELD_SUB)
			blank(f->type, (char *)at + f->offset);
	}
}

struct run *
run_new(void)
{
	struct arena *a = arena_new();
	struct run *r = arena_alloc(a, sizeof(*r));
	r->arena = a;
	r->schema = RUN_SCHEMA;
	blank(&run_type, r);
	return r;
}

void
run_free(struct run *r)
{
	if (r)
		arena_free(r->arena);
}

void *
run_add_(struct run *r, const struct run_type *type, void **items, size_t *n)
{
	void *at = arena_push_(r->arena, items, n, type->size);
	memset(at, 0, type->size);
	blank(type, at);
	return at;
}

const char *
run_str(struct run *r, const char *s)
{
	return arena_strdup(r->arena, s);
}

void
run_eye(struct run *r, const char *name, bool open, const char *means, const char *cure)
{
	struct run_eye *eye = NULL;

	for (size_t i = 0; i < r->n_eyes; i++)
		if (strcmp(r->eyes[i].name, name) == 0)
			eye = &r->eyes[i];
	if (!eye)
		eye = RUN_ADD(r, eye, r->eyes, r->n_eyes);
	eye->name = run_str(r, name);
	eye->open = open;
	eye->means = run_str(r, means);
	eye->cure = open ? NULL : run_str(r, cure);
}

const char *
run_printf(struct run *r, const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	const char *s = arena_strdup(r->arena, buf_text(&b));
	buf_done(&b);
	return s;
}

/* ---- out ----------------------------------------------------------------------------------- */

/* Text from outside (a URL, a symbol, a header) may not be UTF-8; JSON must be. */
static json_t *
text_to_json(const char *s)
{
	json_t *j = json_string(s);
	if (j)
		return j;
	struct buf b = { 0 };
	for (; *s; s++)
		if ((unsigned char)*s < 0x80)
			buf_putc(&b, *s);
		else
			buf_puts(&b, "\xef\xbf\xbd");
	j = json_string(buf_text(&b));
	buf_done(&b);
	return j;
}

static json_t *
number_to_json(double v)
{
	if (v == floor(v) && fabs(v) < 1e15)
		return json_integer((json_int_t)v);
	return json_real(v);
}

static json_t *struct_to_json(const struct run_type *type, const void *at);

static json_t *
list_to_json(const struct run_field *f, const char *at)
{
	json_t *list = json_array();
	size_t n = *(const size_t *)(at + f->count_offset);
	const void *items = *(void *const *)(at + f->offset);

	for (size_t i = 0; i < n; i++) {
		json_t *j;
		if (f->kind == FIELD_LIST)
			j = struct_to_json(f->type, (const char *)items + i * f->type->size);
		else if (f->kind == FIELD_STRS)
			j = text_to_json(((const char *const *)items)[i] ? ((const char *const *)items)[i] : "");
		else if (f->kind == FIELD_INTS)
			j = json_integer(((const int64_t *)items)[i]);
		else
			j = isfinite(((const double *)items)[i]) ? number_to_json(((const double *)items)[i])
			                                         : json_null();
		json_array_append_new(list, j);
	}
	return list;
}

/* NULL: absent, leave the key out. */
static json_t *
field_to_json(const struct run_field *f, const char *at)
{
	const void *value = at + f->offset;

	switch (f->kind) {
	case FIELD_STR:
		return *(const char *const *)value ? text_to_json(*(const char *const *)value) : NULL;
	case FIELD_NUM:
		return isfinite(*(const double *)value) ? number_to_json(*(const double *)value) : NULL;
	case FIELD_INT:
		return json_integer(*(const int64_t *)value);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)value);
	case FIELD_ENUM:
		return *f->names[*(const unsigned *)value] ? json_string(f->names[*(const unsigned *)value])
		                                            : NULL;
	case FIELD_SUB:
		return struct_to_json(f->type, value);
	default:
		return list_to_json(f, at);
	}
}

static json_t *
struct_to_json(const struct run_type *type, const void *at)
{
	json_t *object = json_object();
	for (size_t i = 0; i < type->n_fields; i++) {
		json_t *j = field_to_json(&type->fields[i], at);
		if (j)
			json_object_set_new(object, type->fields[i].name, j);
	}
	return object;
}

json_t *
run_to_json(const struct run *r)
{
	return struct_to_json(&run_type, r);
}

/* ---- in ------------------------------------------------------------------------------------ */

/* Where a bad value is, for the message: "findings[2].share". */
struct place {
	const struct place *up;
	const char *name;
	long index;         /* -1: not in a list */
};

static void
place_print(const struct place *p, struct buf *out)
{
	if (!p)
		return;
	place_print(p->up, out);
	if (p->up && p->up->name && p->name)
		buf_putc(out, '.');
	if (p->name)
		buf_puts(out, p->name);
	if (p->index >= 0)
		buf_printf(out, "[%ld]", p->index);
}

static int
wrong(const struct place *p, const char *want, struct err *e)
{
	struct buf b = { 0 };
	place_print(p, &b);
	int r = err_set(e, EINVAL, "'%s' is not %s", buf_text(&b), want);
	buf_done(&b);
	return r;
}

static int struct_from_json(struct run *r, const struct run_type *type, void *at, const json_t *j,
    const struct place *p, struct err *e);

static int
enum_from_json(const struct run_field *f, void *value, const json_t *j, const struct place *p,
    struct err *e)
{
	for (unsigned i = 0; json_is_string(j) && f->names[i]; i++) {
		if (strcmp(f->names[i], json_string_value(j)) != 0)
			continue;
		*(unsigned *)value = i;
		return 0;
	}
	return wrong(p, "one of the known words", e);
}

static int
list_from_json(struct run *r, const struct run_field *f, char *at, const json_t *j,
    const struct place *p, struct err *e)
{
	void **items = (void **)(at + f->offset);
	size_t *n = (size_t *)(at + f->count_offset), i;
	json_t *item;

	if (!json_is_array(j))
		return wrong(p, "a list", e);
	json_array_foreach(j, i, item) {
		struct place in = { p->up, p->name, (long)i };
		if (f->kind == FIELD_LIST) {
			int code = struct_from_json(r, f->type, run_add_(r, f->type, items, n), item, &in, e);
			if (code < 0)
				return code;
		} else if (f->kind == FIELD_STRS) {
			if (!json_is_string(item))
				return wrong(&in, "a text", e);
			*(const char **)arena_push_(r->arena, items, n, sizeof(char *)) =
			    run_str(r, json_string_value(item));
		} else if (f->kind == FIELD_INTS) {
			if (!json_is_integer(item))
				return wrong(&in, "a whole number", e);
			*(int64_t *)arena_push_(r->arena, items, n, sizeof(int64_t)) =
			    json_integer_value(item);
		} else {
			if (!json_is_number(item) && !json_is_null(item))
				return wrong(&in, "a number", e);
			*(double *)arena_push_(r->arena, items, n, sizeof(double)) =
			    json_is_null(item) ? (double)NAN : json_number_value(item);
		}
	}
	return 0;
}

static int
field_from_json(struct run *r, const struct run_field *f, char *at, const json_t *j,
    const struct place *p, struct err *e)
{
	void *value = at + f->offset;

	switch (f->kind) {
	case FIELD_STR:
		if (!json_is_string(j))
			return wrong(p, "a text", e);
		*(const char **)value = run_str(r, json_string_value(j));
		return 0;
	case FIELD_NUM:
		if (!json_is_number(j))
			return wrong(p, "a number", e);
		*(double *)value = json_number_value(j);
		return 0;
	case FIELD_INT:
		if (!json_is_integer(j))
			return wrong(p, "a whole number", e);
		*(int64_t *)value = json_integer_value(j);
		return 0;
	case FIELD_BOOL:
		if (!json_is_boolean(j))
			return wrong(p, "true or false", e);
		*(bool *)value = json_is_true(j);
		return 0;
	case FIELD_ENUM:
		return enum_from_json(f, value, j, p, e);
	case FIELD_SUB:
		return struct_from_json(r, f->type, value, j, p, e);
	default:
		return list_from_json(r, f, at, j, p, e);
	}
}

/* Unknown keys are passed over: a newer prony may have added them. */
static int
struct_from_json(struct run *r, const struct run_type *type, void *at, const json_t *j,
    const struct place *p, struct err *e)
{
	if (!json_is_object(j))
		return wrong(p, "an object", e);
	for (size_t i = 0; i < type->n_fields; i++) {
		const struct run_field *f = &type->fields[i];
		const json_t *value = json_object_get(j, f->name);
		if (!value)
			continue;
		struct place in = { p, f->name, -1 };
		int code = field_from_json(r, f, at, value, &in, e);
		if (code < 0)
			return code;
	}
	return 0;
}

int
run_from_json(const json_t *j, struct run **ret, struct err *e)
{
	const char *schema = json_string_value(json_object_get(j, "schema"));
	if (!schema || strcmp(schema, RUN_SCHEMA) != 0)
		return err_set(e, EINVAL, "not a prony run: 'schema' is %s%s%s, wanted '" RUN_SCHEMA "'",
		    schema ? "'" : "", schema ? schema : "absent", schema ? "'" : "");
	struct run *r = run_new();
	struct place top = { NULL, NULL, -1 };
	int code = struct_from_json(r, &run_type, r, j, &top, e);
	if (code < 0) {
		run_free(r);
		return code;
	}
	*ret = r;
	return 0;
}

/* ---- schema -------------------------------------------------------------------------------- */

static json_t *
reference(const struct run_type *type)
{
	return json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s", type->name));
}

static json_t *field_schema(const struct run_field *f, json_t *defs);

static json_t *
type_schema(const struct run_type *type, json_t *defs)
{
	json_t *properties = json_object(), *required = json_array();

	for (size_t i = 0; i < type->n_fields; i++) {
		const struct run_field *f = &type->fields[i];
		json_object_set_new(properties, f->name, field_schema(f, defs));
		if (f->kind != FIELD_STR && f->kind != FIELD_NUM && f->kind != FIELD_ENUM)
			json_array_append_new(required, json_string(f->name));
	}
	return json_pack("{s:s, s:s, s:o, s:o}", "type", "object", "description", type->about,
	    "properties", properties, "required", required);
}

static void
define(const struct run_type *type, json_t *defs)
{
	if (json_object_get(defs, type->name))
		return;
	json_object_set_new(defs, type->name, json_null());   /* in the making: ends recursion */
	json_object_set_new(defs, type->name, type_schema(type, defs));
}

static json_t *
enum_schema(const struct run_field *f)
{
	json_t *words = json_array();
	for (size_t i = 0; f->names[i]; i++)
		if (*f->names[i])
			json_array_append_new(words, json_string(f->names[i]));
	return json_pack("{s:o}", "enum", words);
}

static json_t *
field_schema(const struct run_field *f, json_t *defs)
{
	json_t *j;

	switch (f->kind) {
	case FIELD_STR:  j = json_pack("{s:s}", "type", "string"); break;
	case FIELD_NUM:  j = json_pack("{s:s}", "type", "number"); break;
	case FIELD_INT:  j = json_pack("{s:s}", "type", "integer"); break;
	case FIELD_BOOL: j = json_pack("{s:s}", "type", "boolean"); break;
	case FIELD_ENUM: j = enum_schema(f); break;
	case FIELD_SUB:
		define(f->type, defs);
		j = json_pack("{s:[o]}", "allOf", reference(f->type));
		break;
	case FIELD_LIST:
		define(f->type, defs);
		j = json_pack("{s:s, s:o}", "type", "array", "items", reference(f->type));
		break;
	case FIELD_STRS:
		j = json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
		break;
	case FIELD_INTS:
		j = json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "integer");
		break;
	default:
		j = json_pack("{s:s, s:{s:[s,s]}}", "type", "array", "items", "type", "number", "null");
		break;
	}
	if (*f->about)
		json_object_set_new(j, "description", json_string(f->about));
	return j;
}

json_t *
run_schema(void)
{
	json_t *defs = json_object();
	json_t *schema = type_schema(&run_type, defs);
	json_t *required = json_object_get(schema, "required");

	json_array_append_new(required, json_string("schema"));
	json_array_append_new(required, json_string("verdict"));
	json_object_set_new(json_object_get(json_object_get(schema, "properties"), "schema"), "const",
	    json_string(RUN_SCHEMA));
	json_object_set_new(schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
	json_object_set_new(schema, "title", json_string(RUN_SCHEMA));
	json_object_set_new(schema, "$defs", defs);
	return schema;
}

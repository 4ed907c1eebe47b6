/* SPDX-License-Identifier: MIT */
#include "import/yaml_json.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/map.h"

#define DEPTH_MAX 100
#define NODES_MAX 1000000

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	const char *name;
	struct map anchors;      /* name: json_t *, borrowed by `kept`; 0 while its node is open */
	json_t *kept;            /* array that holds what anchors name */
	size_t nodes;
	struct err *e;
};

static int
refuse(struct reader *r, yaml_mark_t at, const char *what)
{
	return err_usage(r->e, "%s:%zu:%zu: %s", r->name, at.line + 1, at.column + 1, what);
}

static int
next(struct reader *r)
{
	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event))
		return 0;
	memset(&r->event, 0, sizeof(r->event));
	int code = refuse(r, r->parser.problem_mark, "not YAML");
	err_wrap(r->e, code, "%s", r->parser.problem ? r->parser.problem : "unreadable");
	err_hint(r->e, "is the file whole, and is it the right one?");
	return code;
}

/* Only what JSON would write as a number. */
static json_t *
number(const char *text)
{
	const char *c = text + (*text == '-');
	char *end;

	if (!isdigit((unsigned char)*c) || (*c == '0' && isdigit((unsigned char)c[1])))
		return NULL;
	if (!c[strspn(c, "0123456789")]) {
		errno = 0;
		long long whole = strtoll(text, &end, 10);
		return errno ? NULL : json_integer(whole);
	}
	if (c[strspn(c, "0123456789.eE+-")])
		return NULL;
	double value = strtod(text, &end);
	return *end || !isfinite(value) ? NULL : json_real(value);
}

static json_t *
plain(const char *text)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return json_boolean(*text == 't');
	if (!*text || strcmp(text, "null") == 0 || strcmp(text, "~") == 0)
		return json_null();
	json_t *value = number(text);
	return value ? value : json_string(text);
}

static int
read_scalar(struct reader *r, json_t **ret)
{
	const char *text = (const char *)r->event.data.scalar.value;
	size_t size = r->event.data.scalar.length;

	if (r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE && strlen(text) == size)
		*ret = plain(text);
	else
		*ret = json_stringn(text, size);
	return *ret ? 0 : refuse(r, r->event.start_mark, "not UTF-8 text");
}

static int
read_alias(struct reader *r, json_t **ret)
{
	const char *name = (const char *)r->event.data.alias.anchor;
	const uint64_t *place = map_find(&r->anchors, name, strlen(name));

	if (!place || !*place)
		return refuse(r, r->event.start_mark, place ? "an alias inside of what it stands for" :
		    "an alias without an anchor before it");
	*ret = json_incref((json_t *)(uintptr_t)*place);
	return 0;
}

static int read_node(struct reader *r, int depth, json_t **ret);

static int
read_list(struct reader *r, int depth, json_t *list)
{
	for (;;) {
		json_t *item = NULL;
		int code = next(r);
		if (code < 0 || r->event.type == YAML_SEQUENCE_END_EVENT)
			return code;
		code = read_node(r, depth + 1, &item);
		if (code < 0)
			return code;
		json_array_append_new(list, item);
	}
}

static int
read_pairs(struct reader *r, int depth, json_t *object)
{
	for (;;) {
		json_t *value = NULL;
		int code = next(r);
		if (code < 0 || r->event.type == YAML_MAPPING_END_EVENT)
			return code;
		if (r->event.type != YAML_SCALAR_EVENT)
			return refuse(r, r->event.start_mark, "a key that is not a single word");
		json_t *key = json_stringn((const char *)r->event.data.scalar.value,
		    r->event.data.scalar.length);
		if (!key || strlen(json_string_value(key)) != json_string_length(key)) {
			json_decref(key);
			return refuse(r, r->event.start_mark, "a key that is not text");
		}
		code = next(r);
		if (code == 0)
			code = read_node(r, depth + 1, &value);
		if (code == 0)
			json_object_set_new(object, json_string_value(key), value);
		json_decref(key);
		if (code < 0)
			return code;
	}
}

static int
read_value(struct reader *r, int depth, json_t **ret)
{
	int code;

	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(r, ret);
	case YAML_ALIAS_EVENT:
		return read_alias(r, ret);
	case YAML_SEQUENCE_START_EVENT:
		*ret = json_array();
		code = read_list(r, depth, *ret);
		break;
	case YAML_MAPPING_START_EVENT:
		*ret = json_object();
		code = read_pairs(r, depth, *ret);
		break;
	default:
		return refuse(r, r->event.start_mark, "a value is missing");
	}
	if (code < 0) {
		json_decref(*ret);
		*ret = NULL;
	}
	return code;
}

/* The anchor of the node at the event, which the event takes with it; "" none. */
static const char *
anchor_of(const yaml_event_t *event)
{
	const yaml_char_t *name = event->type == YAML_SCALAR_EVENT ? event->data.scalar.anchor :
	    event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor :
	    event->type == YAML_MAPPING_START_EVENT ? event->data.mapping_start.anchor : NULL;

	return name ? (const char *)name : "";
}

static int
read_node(struct reader *r, int depth, json_t **ret)
{
	const char *anchor = anchor_of(&r->event);
	size_t size = strlen(anchor);
	json_t *name;

	if (depth > DEPTH_MAX || ++r->nodes > NODES_MAX)
		return refuse(r, r->event.start_mark, "nested too deep, or too large");
	if (!size)
		return read_value(r, depth, ret);
	name = json_string(anchor);
	*map_at(&r->anchors, anchor, size, NULL) = 0;
	int code = read_value(r, depth, ret);
	if (code == 0) {
		json_array_append(r->kept, *ret);
		*map_at(&r->anchors, json_string_value(name), size, NULL) = (uintptr_t)*ret;
	}
	json_decref(name);
	return code;
}

static int
read_document(struct reader *r, json_t **ret)
{
	int code = next(r);

	while (code == 0 && (r->event.type == YAML_STREAM_START_EVENT ||
	    r->event.type == YAML_DOCUMENT_START_EVENT))
		code = next(r);
	if (code == 0 && r->event.type == YAML_STREAM_END_EVENT)
		return refuse(r, r->event.start_mark, "nothing in it");
	return code < 0 ? code : read_node(r, 0, ret);
}

int
yaml_json_read(const char *name, const char *text, size_t size, json_t **ret, struct err *e)
{
	struct reader r = { .name = name, .kept = json_array(), .e = e };

	*ret = NULL;
	if (!yaml_parser_initialize(&r.parser))
		abort();
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
	int code = read_document(&r, ret);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	map_done(&r.anchors);
	json_decref(r.kept);
	return code;
}

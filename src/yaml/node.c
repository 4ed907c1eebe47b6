/* SPDX-License-Identifier: MIT */
/* libyaml's events, taken one at a time, so that what is refused is refused before it has grown. */
#include "yaml/node.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/map.h"

#define DEPTH_MAX 16
#define NODES_MAX 1000000

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	const struct node_file *f;
	struct arena *a;
	size_t n_nodes;
};

/* ---- errors ---- */

/* The line that a place is in, and a caret under the column. */
static void
show_line(const struct node_file *f, struct node_place at, char *out, size_t size)
{
	const char *line = f->text;
	size_t column = (size_t)at.column - 1;

	out[0] = '\0';
	for (int i = 1; i < at.line && (line = strchr(line, '\n')); i++)
		line++;
	if (!line)
		return;
	int width = (int)strcspn(line, "\r\n");
	if (width > 100 || column > 100)
		return;
	int n = snprintf(out, size, "\n%5d | %.*s\n      | ", at.line, width, line);
	for (size_t i = 0; i < column && n + 2 < (int)size; i++)
		out[n++] = i < (size_t)width && line[i] == '\t' ? '\t' : ' ';
	snprintf(out + n, size - (size_t)n, "^");
}

int
node_refuse(const struct node_file *f, struct node_place at, const char *fmt, ...)
{
	char why[384], line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (!at.line)
		return err_usage(f->e, "%s: %s", f->name, why);
	show_line(f, at, line, sizeof(line));
	return err_usage(f->e, "%s:%d:%d: %s%s", f->name, at.line, at.column, why, line);
}

static struct node_place
place_of(yaml_mark_t mark)
{
	return (struct node_place){ (int)mark.line + 1, (int)mark.column + 1 };
}

const char *
node_kind_name(const struct node *n)
{
	static const char *const names[] = {
		[NODE_TEXT] = "a single value", [NODE_LIST] = "a list", [NODE_KEYS] = "keys",
	};
	return names[n->kind];
}

/* ---- events ---- */

static int
next_event(struct reader *r)
{
	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event))
		return 0;
	memset(&r->event, 0, sizeof(r->event));
	int code = node_refuse(r->f, place_of(r->parser.problem_mark), "not YAML: %s",
	    r->parser.problem ? r->parser.problem : "unreadable");
	err_hint(r->f->e, "keys are written as 'key: value', nested ones are indented with blanks; put "
	    "text with special characters in 'quotes'");
	return code;
}

static bool
is_decorated(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.tag || event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.tag || event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.tag || event->data.mapping_start.anchor;
	default:
		return true;   /* an alias */
	}
}

static int read_node(struct reader *r, int depth, struct node **ret);

static int
read_text(struct reader *r, struct node *n)
{
	const char *text = (const char *)r->event.data.scalar.value;
	size_t size = r->event.data.scalar.length;

	if (strlen(text) != size)
		return node_refuse(r->f, n->place, "a zero byte in a text");
	n->kind = NODE_TEXT;
	n->text = arena_strndup(r->a, text, size);
	return 0;
}

static int
read_list(struct reader *r, struct node *n, int depth)
{
	n->kind = NODE_LIST;
	for (;;) {
		struct node *item;
		int code = next_event(r);
		if (code < 0 || r->event.type == YAML_SEQUENCE_END_EVENT)
			return code;
		code = read_node(r, depth + 1, &item);
		if (code < 0)
			return code;
		*ARENA_PUSH(r->a, n->items, n->n_items) = item;
	}
}

static int
check_key(struct reader *r, const struct node *key, struct map *seen)
{
	bool is_new;

	if (key->kind != NODE_TEXT)
		return node_refuse(r->f, key->place, "%s where a key is expected", node_kind_name(key));
	if (strlen(key->text) > NODE_KEY_MAX)
		return node_refuse(r->f, key->place, "a key of more than %d bytes", NODE_KEY_MAX);
	map_at(seen, key->text, strlen(key->text), &is_new);
	if (is_new)
		return 0;
	int code = node_refuse(r->f, key->place, "duplicate key '%s'", key->text);
	err_hint(r->f->e, "keep one of the two");
	return code;
}

static int
read_pairs(struct reader *r, struct node *n, int depth, struct map *seen)
{
	for (;;) {
		struct node *key, *value;
		int code = next_event(r);
		if (code < 0 || r->event.type == YAML_MAPPING_END_EVENT)
			return code;
		code = read_node(r, depth + 1, &key);
		if (code == 0)
			code = check_key(r, key, seen);
		if (code == 0)
			code = next_event(r);
		if (code == 0)
			code = read_node(r, depth + 1, &value);
		if (code < 0)
			return code;
		*ARENA_PUSH(r->a, n->keys, n->n_keys) = key;
		*ARENA_PUSH(r->a, n->items, n->n_items) = value;
	}
}

static int
read_keys(struct reader *r, struct node *n, int depth)
{
	struct map seen = { 0 };

	n->kind = NODE_KEYS;
	int code = read_pairs(r, n, depth, &seen);
	map_done(&seen);
	return code;
}

/* The event is the first of the node; afterwards it is the last. */
static int
read_node(struct reader *r, int depth, struct node **ret)
{
	struct node *n = arena_alloc(r->a, sizeof(*n));

	n->place = place_of(r->event.start_mark);
	*ret = n;
	if (is_decorated(&r->event)) {
		int code = node_refuse(r->f, n->place, "tags, anchors and aliases are not understood");
		err_hint(r->f->e, "write the plain value; a text that begins with '&', '*' or '!' stands "
		    "in 'quotes'");
		return code;
	}
	if (depth > DEPTH_MAX)
		return node_refuse(r->f, n->place, "nested too deep");
	if (++r->n_nodes > NODES_MAX)
		return node_refuse(r->f, n->place, "more than %d values", NODES_MAX);
	switch (r->event.type) {
	case YAML_SEQUENCE_START_EVENT:
		return read_list(r, n, depth);
	case YAML_MAPPING_START_EVENT:
		return read_keys(r, n, depth);
	default:
		return read_text(r, n);
	}
}

/* ---- documents ---- */

static int
read_document(struct reader *r, struct node **ret)
{
	int code = next_event(r);   /* the stream's start */
	if (code == 0)
		code = next_event(r);
	if (code < 0)
		return code;
	if (r->event.type == YAML_STREAM_END_EVENT)
		return node_refuse(r->f, (struct node_place){ 0 }, "empty");
	code = next_event(r);
	if (code == 0)
		code = read_node(r, 1, ret);
	if (code == 0)
		code = next_event(r);   /* the document's end */
	if (code == 0)
		code = next_event(r);
	if (code < 0 || r->event.type == YAML_STREAM_END_EVENT)
		return code;
	return node_refuse(r->f, place_of(r->event.start_mark), "a second document");
}

static int
check_bytes(const struct node_file *f)
{
	const char *zero = memchr(f->text, '\0', f->size);
	int line = 1;

	if (f->size > NODE_FILE_MAX)
		return node_refuse(f, (struct node_place){ 0 }, "larger than %zu MiB",
		    NODE_FILE_MAX >> 20);
	if (!zero)
		return 0;
	for (const char *p = f->text; (p = memchr(p, '\n', (size_t)(zero - p))); p++)
		line++;
	int code = err_usage(f->e, "%s:%d: a zero byte: not a text file", f->name, line);
	err_hint(f->e, "YAML is text in UTF-8");
	return code;
}

int
node_parse(const struct node_file *f, struct arena *a, struct node **ret)
{
	struct reader r = { .f = f, .a = a };

	int code = check_bytes(f);
	if (code < 0)
		return code;
	if (!yaml_parser_initialize(&r.parser))
		return err_set(f->e, ENOMEM, "%s: out of memory", f->name);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)f->text, f->size);
	code = read_document(&r, ret);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return code;
}

const struct node *
node_get(const struct node *n, const char *key)
{
	for (size_t i = 0; i < n->n_keys; i++)
		if (strcmp(n->keys[i]->text, key) == 0)
			return n->items[i];
	return NULL;
}

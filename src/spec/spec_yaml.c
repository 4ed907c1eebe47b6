/* SPDX-License-Identifier: MIT */
/* prony.yaml: libyaml's events walked along the keys of the setting rows.
 *
 * A mapping is a path prefix ("load"), a key in it completes the path ("load.rate") and is either
 * a row or the prefix of rows; anything else is an error that names the nearest key. Tags, anchors,
 * second documents, duplicate keys, files over 1 MiB and deep nesting are refused. A value that a
 * flag has set already is checked all the same, in a spec that is thrown away. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/nearest.h"
#include "spec/setting.h"
#include "spec/spec.h"
#include "spec/spec_yaml.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define KEY_MAX        128
#define KEYS_MAX       64      /* in one mapping */
#define DEPTH_MAX      4
#define ITEMS_MAX      10000   /* in one list */

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	const char *name, *text;
	struct spec *spec, *scratch;
	struct err *e;
};

/* The line that a mark is in, and a caret under the column. */
static void
show_line(const char *text, size_t line, size_t column, char *out, size_t size)
{
	for (size_t i = 0; i < line && (text = strchr(text, '\n')); i++)
		text++;
	out[0] = '\0';
	if (!text)
		return;
	int width = (int)strcspn(text, "\r\n");
	if (width > 100 || column > 100)
		return;
	int n = snprintf(out, size, "\n%5zu | %.*s\n      | ", line + 1, width, text);
	for (size_t i = 0; i < column && n + 2 < (int)size; i++)
		out[n++] = '\t' == text[i < (size_t)width ? i : 0] ? '\t' : ' ';
	snprintf(out + n, size - (size_t)n, "^");
}

static int __attribute__((format(printf, 3, 4)))
refuse(struct reader *r, yaml_mark_t at, const char *fmt, ...)
{
	char why[384], line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	show_line(r->text, at.line, at.column, line, sizeof(line));
	return err_usage(r->e, "%s:%zu:%zu: %s%s", r->name, at.line + 1, at.column + 1, why, line);
}

static int
next_event(struct reader *r)
{
	yaml_event_delete(&r->event);
	if (yaml_parser_parse(&r->parser, &r->event))
		return 0;
	memset(&r->event, 0, sizeof(r->event));
	int code = refuse(r, r->parser.problem_mark, "not YAML: %s",
	    r->parser.problem ? r->parser.problem : "unreadable");
	err_hint(r->e, "keys are written as 'key: value', nested ones are indented with blanks");
	return code;
}

/* What stands at the event, for people. */
static const char *
event_name(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return "a single value";
	case YAML_SEQUENCE_START_EVENT:
		return "a list";
	case YAML_MAPPING_START_EVENT:
		return "keys";
	case YAML_ALIAS_EVENT:
		return "an alias";
	default:
		return "nothing";
	}
}

/* The text of the scalar at the event. `what` names it. */
static int
scalar_text(struct reader *r, const char *what, const char **ret)
{
	const yaml_event_t *event = &r->event;

	if (event->type != YAML_SCALAR_EVENT) {
		int code = refuse(r, event->start_mark, "%s: %s where a single value is expected", what,
		    event_name(event));
		err_hint(r->e, "put text with special characters in \"quotes\"");
		return code;
	}
	const char *text = (const char *)event->data.scalar.value;
	if (event->data.scalar.tag || event->data.scalar.anchor) {
		int code = refuse(r, event->start_mark, "%s: tags and anchors are not understood", what);
		err_hint(r->e, "write the plain value");
		return code;
	}
	if (strlen(text) != event->data.scalar.length)
		return refuse(r, event->start_mark, "%s: a zero byte", what);
	*ret = text;
	return 0;
}

static int
store(struct reader *r, const struct setting *row)
{
	struct spec_given *given = &r->spec->given[row - spec_settings];
	struct spec *to = given->origin == ORIGIN_FLAG ? r->scratch : r->spec;
	yaml_mark_t at = r->event.start_mark;
	struct err why = { 0 };
	const char *text = NULL;

	int code = scalar_text(r, row->key, &text);
	if (code < 0)
		return code;
	code = setting_store(row, to->arena, to, text, &why);
	if (code < 0) {
		code = refuse(r, at, "%s: %s", row->key, why.text);
		if (why.hint[0])
			err_hint(r->e, "%s", why.hint);
		return code;
	}
	if (to == r->spec)
		*given = (struct spec_given){ ORIGIN_FILE, arena_strdup(to->arena, text) };
	return 0;
}

/* The event is the first of the row's value; afterwards it is the last. */
static int
read_value(struct reader *r, const struct setting *row)
{
	if (r->event.type != YAML_SEQUENCE_START_EVENT || !row->repeats)
		return store(r, row);
	if (r->event.data.sequence_start.tag || r->event.data.sequence_start.anchor)
		return refuse(r, r->event.start_mark, "%s: tags and anchors are not understood", row->key);
	for (size_t n = 0;; n++) {
		int code = next_event(r);
		if (code < 0 || r->event.type == YAML_SEQUENCE_END_EVENT)
			return code;
		if (n >= ITEMS_MAX)
			return refuse(r, r->event.start_mark, "%s: more than %d items", row->key, ITEMS_MAX);
		code = store(r, row);
		if (code < 0)
			return code;
	}
}

static bool
is_below(const char *key, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(key, prefix, n) == 0 && key[n] == '.';
}

/* The row whose path is `path`; *ret_section: rows lie below it. */
static const struct setting *
find_row(const char *path, bool *ret_section)
{
	*ret_section = false;
	for (const struct setting *row = spec_settings; row->name; row++) {
		if (row->key && strcmp(row->key, path) == 0)
			return row;
		if (row->key && is_below(row->key, path))
			*ret_section = true;
	}
	return NULL;
}

/* Unknown key: suggest the nearest on this level, or the place where the very word is a key. */
static int
refuse_key(struct reader *r, yaml_mark_t at, const char *prefix, const char *word)
{
	struct nearest near = { .word = word };
	const char *elsewhere = NULL;
	size_t skip = *prefix ? strlen(prefix) + 1 : 0;

	for (const struct setting *row = spec_settings; row->name; row++) {
		if (!row->key)
			continue;
		const char *last = strrchr(row->key, '.');
		if (strcmp(last ? last + 1 : row->key, word) == 0)
			elsewhere = row->key;
		if (!*prefix || is_below(row->key, prefix))
			nearest_try(&near, arena_strndup(r->scratch->arena, row->key + skip,
			    strcspn(row->key + skip, ".")));
	}
	int code = refuse(r, at, "unknown key '%s'%s%s", word, *prefix ? " in " : "", prefix);
	if (near.best || elsewhere)
		err_hint(r->e, "did you mean '%s'?", near.best ? near.best : elsewhere);
	err_hint(r->e, "'prony schema spec' lists every key");
	return code;
}

static int read_mapping(struct reader *r, const char *prefix, int depth);

static int
read_section(struct reader *r, const char *path, int depth)
{
	if (r->event.type != YAML_MAPPING_START_EVENT) {
		int code = refuse(r, r->event.start_mark, "%s: %s where keys are expected", path,
		    event_name(&r->event));
		err_hint(r->e, "write %s: { key: value }", path);
		return code;
	}
	return read_mapping(r, path, depth + 1);
}

/* One "key: value" of a mapping; the event is the key. */
static int
read_pair(struct reader *r, const char *prefix, char keys[][KEY_MAX], size_t n_keys, int depth)
{
	char path[2 * KEY_MAX];
	yaml_mark_t at = r->event.start_mark;
	const char *word = NULL;
	bool section;

	int code = scalar_text(r, *prefix ? prefix : "key", &word);
	if (code < 0)
		return code;
	if (n_keys >= KEYS_MAX || strlen(word) >= KEY_MAX)
		return refuse(r, at, "too many keys, or a very long one");
	for (size_t i = 0; i < n_keys; i++)
		if (strcmp(keys[i], word) == 0) {
			code = refuse(r, at, "duplicate key '%s'", word);
			err_hint(r->e, "keep one of the two");
			return code;
		}
	strcpy(keys[n_keys], word);
	snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", word);
	const struct setting *row = find_row(path, &section);
	if (!row && (!section || depth >= DEPTH_MAX))
		return refuse_key(r, at, prefix, keys[n_keys]);
	code = next_event(r);
	if (code < 0)
		return code;
	return row ? read_value(r, row) : read_section(r, path, depth);
}

static int
read_mapping(struct reader *r, const char *prefix, int depth)
{
	char keys[KEYS_MAX][KEY_MAX];

	if (r->event.data.mapping_start.tag || r->event.data.mapping_start.anchor)
		return refuse(r, r->event.start_mark, "tags and anchors are not understood");
	for (size_t n = 0;; n++) {
		int code = next_event(r);
		if (code < 0 || r->event.type == YAML_MAPPING_END_EVENT)
			return code;
		code = read_pair(r, prefix, keys, n, depth);
		if (code < 0)
			return code;
	}
}

static int
read_document(struct reader *r)
{
	int code = next_event(r);
	if (code < 0)
		return code;
	if (r->event.type != YAML_MAPPING_START_EVENT) {
		code = refuse(r, r->event.start_mark, "%s where keys are expected", event_name(&r->event));
		err_hint(r->e, "write keys as in 'targets: [\"p99 < 500ms\"]'");
		return code;
	}
	code = read_mapping(r, "", 1);
	if (code == 0)
		code = next_event(r);   /* the document's end */
	if (code == 0)
		code = next_event(r);
	if (code < 0 || r->event.type == YAML_STREAM_END_EVENT)
		return code;
	code = refuse(r, r->event.start_mark, "a second document");
	err_hint(r->e, "one file describes one service");
	return code;
}

static int
read_stream(struct reader *r)
{
	int code = next_event(r);
	if (code == 0)
		code = next_event(r);
	if (code < 0)
		return code;
	if (r->event.type == YAML_STREAM_END_EVENT) {
		code = err_usage(r->e, "%s: empty", r->name);
		err_hint(r->e, "'prony schema spec' lists every key");
		return code;
	}
	return read_document(r);
}

int
spec_read_yaml(struct spec *s, const char *name, const char *text, size_t size, struct err *e)
{
	struct reader r = { .name = name, .text = text, .spec = s, .e = e };

	if (strlen(text) != size)
		return err_usage(e, "%s: a zero byte: not a text file", name);
	if (!yaml_parser_initialize(&r.parser))
		return err_set(e, ENOMEM, "%s: out of memory", name);
	r.scratch = spec_new();
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
	int code = read_stream(&r);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	spec_free(r.scratch);
	return code;
}

int
spec_load(struct spec *s, const char *path, struct err *e)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	int code = file_read(path, FILE_MAX_BYTES, &text, e);
	if (code < 0) {
		e->status = STATUS_USAGE;
		err_hint(e, "a spec file is optional; docs: prony.yaml(5)");
		return code;
	}
	return spec_read_yaml(s, path, buf_text(&text), text.size, e);
}

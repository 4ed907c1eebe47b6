/* SPDX-License-Identifier: MIT */
#include "experiment/journal_text.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"

static const char *const event_names[] = {
	[JOURNAL_APPLY] = "apply", [JOURNAL_KEPT] = "kept", [JOURNAL_UNDONE] = "undone",
};

/* The texts of a change by name. What has to be there comes first. */
static const struct { const char *name; size_t at; } texts[] = {
#define TEXT(name) { #name, offsetof(struct change_text, name) }
	TEXT(step), TEXT(executor), TEXT(apply), TEXT(undo), TEXT(folder), TEXT(what), TEXT(why), TEXT(on),
#undef TEXT
};
enum { NEEDED = 4 };

static void
json_decref_p(json_t **j)
{
	json_decref(*j);
}

/* ---- in ------------------------------------------------------------------------------------ */

static int
event_named(const char *name, enum journal_event *ret)
{
	for (size_t i = 0; name && i < COUNT_OF(event_names); i++)
		if (strcmp(event_names[i], name) == 0) {
			*ret = (enum journal_event)i;
			return 0;
		}
	return -EBADMSG;
}

static const char *
text_of(const json_t *line, const char *name, struct arena *a)
{
	return arena_strdup(a, json_string_value(json_object_get(line, name)));
}

/* A change begins with being applied, and all of it is told there. */
static int
begin(const json_t *line, const char *id, enum journal_event event, struct arena *a,
    struct journal_entries *all)
{
	struct journal_entry *entry = arena_alloc(a, sizeof(*entry));

	*entry = (struct journal_entry){ .id = id, .at = text_of(line, "at", a), .event = event };
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		const char *text = text_of(line, texts[i].name, a);
		if (!text && i < NEEDED)
			return -EBADMSG;
		*(const char **)((char *)&entry->text + texts[i].at) = text;
	}
	if (event != JOURNAL_APPLY || !entry->at)
		return -EBADMSG;
	*ARENA_PUSH(a, all->items, all->n) = entry;
	return 0;
}

/* `known`: by a change's id the number of its entry, from 1. */
static int
read_line(const char *text, size_t size, struct arena *a, struct map *known,
    struct journal_entries *all)
{
	CLEANUP(json_decref_p) json_t *line = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	const char *id = text_of(line, "change", a);
	enum journal_event event;

	if (!id || event_named(json_string_value(json_object_get(line, "event")), &event) < 0)
		return -EBADMSG;
	uint64_t *number = map_at(known, id, strlen(id), NULL);
	if (*number && json_object_get(line, "step"))    /* another change under its name */
		return -EBADMSG;
	if (*number) {
		all->items[*number - 1]->event = event;
		return 0;
	}
	*number = all->n + 1;
	return begin(line, id, event, a, all);
}

int
journal_text_read(const char *text, size_t size, struct arena *a, struct journal_entries *ret,
    size_t *ret_whole, struct err *e)
{
	CLEANUP(map_done) struct map known = { 0 };
	struct journal_entries all = { 0 };
	size_t at = 0, number = 1;

	for (const char *end; (end = memchr(text + at, '\n', size - at)); number++) {
		size_t n = (size_t)(end - text) - at;
		if (read_line(text + at, n, a, &known, &all) < 0) {
			int code = err_set(e, EBADMSG, "line %zu is not one of prony's", number);
			err_hint(e, "see what it was, put it right or take it out; then: prony undo");
			return code;
		}
		at += n + 1;
	}
	*ret = all;
	*ret_whole = at;
	return 0;
}

/* ---- out ----------------------------------------------------------------------------------- */

static int
set_text(json_t *line, const char *name, const char *text)
{
	return text ? json_object_set_new(line, name, json_string(text)) : 0;
}

int
journal_text_write(const struct journal_entry *entry, enum journal_event event, const char *at,
    struct buf *out, struct err *e)
{
	CLEANUP(json_decref_p) json_t *line = json_object();

	int code = set_text(line, "change", entry->id);
	code |= set_text(line, "event", event_names[event]);
	code |= set_text(line, "at", at);
	for (size_t i = 0; !entry->at && i < COUNT_OF(texts); i++)
		code |= set_text(line, texts[i].name, *(const char *const *)((const char *)&entry->text +
		    texts[i].at));
	if (code) {
		err_usage(e, "the change cannot be written down: its text is not UTF-8");
		err_hint(e, "write such bytes as the shell's escapes, or put the command into a script");
		return -EILSEQ;
	}
	CLEANUP(free_p) char *text = json_dumps(line, JSON_COMPACT);
	if (!text)
		abort();
	buf_puts(out, text);
	buf_putc(out, '\n');
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "import/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/nearest.h"
#include "import/format.h"
#include "import/plain_text.h"

#define FORMAT(name) extern const struct import_format import_##name;
#include "import/formats.def"
#undef FORMAT

static const struct import_format *const formats[] = {
#define FORMAT(name) &import_##name,
#include "import/formats.def"
#undef FORMAT
	NULL,
};

/* "curl, har, ... or wrk". */
static void
list_formats(struct buf *out)
{
	for (size_t i = 0; formats[i]; i++)
		buf_printf(out, "%s%s", !i ? "" : formats[i + 1] ? ", " : " or ", formats[i]->name);
}

static int
find_format(const char *name, const struct import_format **ret, struct err *e)
{
	CLEANUP(buf_done) struct buf list = { 0 };
	struct nearest near = { .word = name };

	for (size_t i = 0; formats[i]; i++) {
		if (strcmp(formats[i]->name, name) == 0) {
			*ret = formats[i];
			return 0;
		}
		nearest_try(&near, formats[i]->name);
	}
	err_usage(e, "--format: '%s' is not a format that prony imports", name);
	list_formats(&list);
	if (near.best)
		err_hint(e, "did you mean '%s'? (%s)", near.best, buf_text(&list));
	err_hint(e, "one of: %s", buf_text(&list));
	return -EINVAL;
}

static bool
has_suffix(const char *path, const struct import_format *f)
{
	size_t size = strlen(path);

	if (size > 3 && strcasecmp(path + size - 3, ".gz") == 0)
		size -= 3;
	for (const char *const *suffix = f->suffixes; *suffix; suffix++) {
		size_t n = strlen(*suffix);
		if (size > n && strncasecmp(path + size - n, *suffix, n) == 0)
			return true;
	}
	return false;
}

/* What the content looks like; several such are told apart by the file's name, and what looks like
 * nothing is taken at its name's word. */
static int
detect(const struct source *s, const struct import_format **ret, struct err *e)
{
	CLEANUP(buf_done) struct buf list = { 0 };
	const struct import_format *like = NULL, *named = NULL, *both = NULL;
	size_t size, n_like = 0;
	const char *head = source_head(s, &size), *path = source_name(s);

	for (size_t i = 0; formats[i]; i++) {
		bool matches = formats[i]->matches(head, size), has_name = has_suffix(path, formats[i]);
		if (matches) {
			like = formats[i];
			n_like++;
		}
		if (has_name)
			named = formats[i];
		if (matches && has_name)
			both = formats[i];
	}
	*ret = n_like == 1 ? like : n_like ? both : named;
	if (*ret)
		return 0;
	err_usage(e, "'%s': %s", path, n_like ? "looks like several formats" :
	    plain_bad_byte(head, size) ? "holds bytes that are not text, and none of the formats known" :
	    "looks like none of the formats known");
	list_formats(&list);
	err_hint(e, "say which with --format: %s", buf_text(&list));
	return -EINVAL;
}

static int
refuse_empty(const struct source *s, struct err *e)
{
	err_usage(e, "'%s' is empty", source_name(s));
	err_hint(e, "name a file with something in it");
	return -EINVAL;
}

static int
choose_format(struct source **sources, size_t n, const struct import_options *o,
    const struct import_format **ret, struct err *e)
{
	const struct import_format *chosen = NULL;

	if (o->format)
		return find_format(o->format, ret, e);
	for (size_t i = 0; i < n; i++) {
		const struct import_format *f = NULL;
		int code = detect(sources[i], &f, e);
		if (code < 0)
			return code;
		if (chosen && f != chosen) {
			code = err_usage(e, "'%s' is of format %s and '%s' of format %s", source_name(sources[0]),
			    chosen->name, source_name(sources[i]), f->name);
			err_hint(e, "import them one by one, or say --format NAME when one is told wrongly");
			return code;
		}
		chosen = f;
	}
	*ret = chosen;
	return 0;
}

/* Texts in which line and column mean something must be text. */
static int
check_text(const char *name, const struct buf *text, struct err *e)
{
	int line, column;
	const char *bad = plain_bad_byte(buf_text(text), text->size);

	if (!bad)
		return 0;
	plain_place(buf_text(text), bad, &line, &column);
	err_usage(e, "%s:%d:%d: byte 0x%02x is not UTF-8 text", name, line, column, (unsigned char)*bad);
	err_hint(e, "write the file as UTF-8, or name the right one");
	return -EINVAL;
}

static int
read_text(struct draft *d, const struct import_format *f, struct source *s, struct err *e)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	int code = source_read_all(s, f->max_bytes, &text, e);
	if (code == 0)
		code = check_text(source_name(s), &text, e);
	return code < 0 ? code : f->read(d, source_name(s), buf_text(&text), text.size, e);
}

static int
import_sources(struct source **sources, size_t n, struct draft *d, const char **ret_format,
    struct err *e)
{
	const struct import_format *f = NULL;
	int code = choose_format(sources, n, d->options, &f, e);

	if (code < 0)
		return code;
	*ret_format = f->name;
	if (d->options->replay && !f->stream) {
		err_usage(e, "--replay: only a log has recorded arrival times, and this is %s", f->name);
		err_hint(e, "leave out --replay");
		return -EINVAL;
	}
	if (f->stream)
		return f->stream(d, sources, n, e);
	for (size_t i = 0; i < n && code == 0; i++)
		code = read_text(d, f, sources[i], e);
	return code;
}

static int
check_result(const struct draft *d, const char *format, struct err *e)
{
	if (d->s->n_flows)
		return 0;
	err_usage(e, "nothing in it becomes a request (read as %s)%s%s", format,
	    d->n_notes ? "; left out: " : "", d->n_notes ? d->notes[0].text : "");
	err_hint(e, "when it is of another format, say --format NAME");
	return -EINVAL;
}

static int
import_opened(struct source **sources, size_t n, const struct import_options *o, struct arena *a,
    struct import_result *ret, struct err *e)
{
	struct draft d;
	const char *format = NULL;

	for (size_t i = 0, size; i < n; i++) {
		source_head(sources[i], &size);
		if (!size)
			return refuse_empty(sources[i], e);
	}
	draft_start(&d, a, o);
	if (o->base && !draft_origin(&d, o->base)) {
		err_usage(e, "--base: '%.200s' is not a URL", o->base);
		err_hint(e, "write it as in --base http://127.0.0.1:8080");
		return -EINVAL;
	}
	int code = import_sources(sources, n, &d, &format, e);
	d.s->name = strcmp(source_name(sources[0]), "stdin") == 0 ? "imported" :
	    draft_file_title(&d, source_name(sources[0]));
	draft_end(&d);
	if (code == 0)
		code = check_result(&d, format, e);
	if (code == 0)
		*ret = (struct import_result){ d.s, format, d.notes, d.n_notes };
	return code;
}

int
import_files(const char *const *paths, size_t n, const struct import_options *o, struct arena *a,
    struct import_result *ret, struct err *e)
{
	struct source **sources = arena_alloc(a, (n + 1) * sizeof(struct source *));
	size_t opened = 0;
	int code = 0;

	while (opened < n && code == 0) {
		code = source_open(paths[opened], &sources[opened], e);
		opened += code == 0;
	}
	if (code == 0)
		code = import_opened(sources, n, o, a, ret, e);
	for (size_t i = 0; i < opened; i++)
		source_close(sources[i]);
	return code;
}

int
import_text(const char *name, const char *text, size_t size, const struct import_options *o,
    struct arena *a, struct import_result *ret, struct err *e)
{
	struct source *s = source_of_text(name, text, size);

	int code = import_opened(&s, 1, o, a, ret, e);
	source_close(s);
	return code;
}

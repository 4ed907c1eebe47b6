/* SPDX-License-Identifier: MIT */
/* The file is parsed in place: values are moved down over the quotes and commas between them, so
 * the block that was read becomes the block that is kept. */
#include "scenario/feeder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/random.h"

struct reader {
	struct feeder *f;
	char *text;
	size_t size, at;      /* what is read next */
	size_t out;           /* where the next value goes; never beyond `at` */
	size_t line;          /* of `at`, from 1 */
	const char *name;
	struct err *e;
};

static int
refuse(struct reader *r, size_t line, const char *why, const char *hint)
{
	int code = err_usage(r->e, "%s:%zu: %s", r->name, line, why);
	if (hint)
		err_hint(r->e, "%s", hint);
	return code;
}

static void
push_end(struct feeder *f, size_t end)
{
	if (f->n_ends == f->ends_allocated) {
		size_t want = f->ends_allocated ? f->ends_allocated * 2 : 64;
		uint32_t *ends = reallocarray(f->ends, want, sizeof(*ends));
		if (!ends)
			abort();
		f->ends = ends;
		f->ends_allocated = want;
	}
	f->ends[f->n_ends++] = (uint32_t)end;
}

/* Behind the opening quote; ends behind the closing one. */
static int
read_quoted(struct reader *r)
{
	size_t began = r->line;

	while (r->at < r->size) {
		char c = r->text[r->at++];
		if (c == '"' && (r->at == r->size || r->text[r->at] != '"'))
			return 0;
		if (c == '"')
			r->at++;
		r->line += c == '\n';
		r->text[r->out++] = c;
	}
	return refuse(r, began, "a quoted value does not end",
	    "a quote inside a quoted value is written twice: \"\"");
}

static bool
at_line_end(const struct reader *r)
{
	return r->at == r->size || r->text[r->at] == '\n' ||
	    (r->text[r->at] == '\r' && r->at + 1 < r->size && r->text[r->at + 1] == '\n');
}

/* One value and nothing behind it: afterwards `at` is at a comma or the line's end. */
static int
read_value(struct reader *r)
{
	if (r->at < r->size && r->text[r->at] == '"') {
		r->at++;
		int code = read_quoted(r);
		if (code < 0)
			return code;
		if (!at_line_end(r) && r->text[r->at] != ',')
			return refuse(r, r->line, "text behind a closing quote",
			    "a quote inside a quoted value is written twice: \"\"");
	}
	while (!at_line_end(r) && r->text[r->at] != ',') {
		char c = r->text[r->at++];
		if (c == '"')
			return refuse(r, r->line, "a quote inside a value that does not begin with one",
			    "put the whole value in quotes and double the quotes inside");
		r->text[r->out++] = c;
	}
	push_end(r->f, r->out);
	return 0;
}

static void
pass_line_end(struct reader *r)
{
	while (r->at < r->size && at_line_end(r)) {
		r->at += r->text[r->at] == '\r' ? 2 : 1;
		r->line++;
	}
}

/* A line of values; *ret_n how many. */
static int
read_line(struct reader *r, size_t max, size_t *ret_n)
{
	size_t n = 0;

	for (;; r->at++) {
		if (n == max)
			return refuse(r, r->line, "too many values", NULL);
		int code = read_value(r);
		if (code < 0)
			return code;
		n++;
		if (at_line_end(r))
			break;
	}
	*ret_n = n;
	return 0;
}

/* The first line's values become the names of the columns and leave the block. */
static int
take_columns(struct reader *r, size_t n, struct arena *a)
{
	struct feeder *f = r->f;
	CLEANUP(map_done) struct map seen = { 0 };
	const char **columns = arena_alloc(a, n * sizeof(*columns));

	f->n_columns = (uint32_t)n;
	for (size_t i = 0, start = 0; i < n; start = f->ends[i++]) {
		bool is_new;
		columns[i] = arena_strndup(a, r->text + start, f->ends[i] - start);
		map_at(&seen, columns[i], strlen(columns[i]), &is_new);
		if (!columns[i][0] || !is_new) {
			int code = err_usage(r->e, "%s:1: column %zu %s", r->name, i + 1,
			    is_new ? "has no name" : "has the name of another");
			err_hint(r->e, "the first line names the columns: id,name,token");
			return code;
		}
	}
	f->columns = columns;
	f->n_ends = 0;
	r->out = 0;
	return 0;
}

static int
refuse_width(struct reader *r, size_t line, size_t n)
{
	int code = err_usage(r->e, "%s:%zu: %zu value%s where the first line names %u column%s", r->name,
	    line, n, n == 1 ? "" : "s", r->f->n_columns, r->f->n_columns == 1 ? "" : "s");
	err_hint(r->e, "a value that holds a comma stands in \"quotes\"");
	return code;
}

static int
read_rows(struct reader *r)
{
	struct feeder *f = r->f;

	for (pass_line_end(r); r->at < r->size; pass_line_end(r)) {
		size_t n, line = r->line;
		int code = read_line(r, FEEDER_MAX_COLUMNS, &n);
		if (code < 0)
			return code;
		if (n != f->n_columns)
			return refuse_width(r, line, n);
		if (++f->n_rows > FEEDER_MAX_ROWS || f->n_ends > FEEDER_MAX_VALUES)
			return refuse(r, line, "more than 50 million rows or 256 million values",
			    "a feeder is held in memory: take a part of the file");
	}
	return f->n_rows ? 0 : refuse(r, r->line, "no rows below the names of the columns", NULL);
}

static int
read_text(struct reader *r, struct arena *a)
{
	size_t n;
	const char *zero = memchr(r->text, '\0', r->size);

	if (zero) {
		for (const char *p = r->text; (p = memchr(p, '\n', (size_t)(zero - p))); p++)
			r->line++;
		return refuse(r, r->line, "a zero byte: not a text file", "save it as CSV in UTF-8");
	}
	if (r->size >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0)
		r->at = 3;
	pass_line_end(r);
	if (r->at == r->size)
		return refuse(r, r->line, "empty", "the first line names the columns: id,name,token");
	int code = read_line(r, FEEDER_MAX_COLUMNS, &n);
	if (code == 0)
		code = take_columns(r, n, a);
	return code < 0 ? code : read_rows(r);
}

static void
shrink(struct feeder *f)
{
	uint32_t *ends = reallocarray(f->ends, f->n_ends, sizeof(*ends));
	char *values = realloc(f->values.data, f->values.size + 1);

	if (ends)
		f->ends = ends;
	if (values)
		f->values.data = values;
}

static void
feeder_free_p(struct feeder **f)
{
	feeder_free(*f);
}

int
feeder_parse(const struct scenario_feeder *from, struct buf *csv, const char *name,
    struct arena *a, struct feeder **ret, struct err *e)
{
	CLEANUP(feeder_free_p) struct feeder *f = arena_alloc(a, sizeof(*f));

	buf_append(csv, "", 0);
	f->values = *csv;
	*csv = (struct buf){ 0 };
	f->order = from->order;
	for (const char *c = from->name; *c; c++)
		f->salt = random_at(f->salt, (unsigned char)*c);
	struct reader r = { .f = f, .text = f->values.data, .size = f->values.size, .line = 1,
		.name = name, .e = e };
	int code = read_text(&r, a);
	if (code < 0)
		return code;
	f->values.size = r.out;
	shrink(f);
	f->zipf = zipf_make(f->n_rows, from->exponent);
	*ret = TAKE(f);
	return 0;
}

int
feeder_load(const struct scenario_feeder *from, const char *folder, struct arena *a,
    struct feeder **ret, struct err *e)
{
	CLEANUP(buf_done) struct buf csv = { .cap_bytes = FEEDER_MAX_BYTES };
	const char *path = from->file[0] == '/' || !*folder ? from->file :
	    arena_printf(a, "%s/%s", folder, from->file);

	int code = file_read(path, FEEDER_MAX_BYTES, &csv, e);
	if (code < 0) {
		e->status = STATUS_USAGE;
		return err_wrap(e, code, "feeder '%s'", from->name);
	}
	return feeder_parse(from, &csv, path, a, ret, e);
}

void
feeder_free(struct feeder *f)
{
	if (!f)
		return;
	buf_done(&f->values);
	free(f->ends);
	f->ends = NULL;
}

uint64_t
feeder_row(const struct feeder *f, uint64_t seed, uint64_t i)
{
	uint64_t own = seed ^ f->salt;

	switch (f->order) {
	case ORDER_RANDOM:
		return random_below(random_at(own, i), f->n_rows);
	case ORDER_ZIPF:
		return zipf_rank(&f->zipf, own, i);
	case ORDER_SEQUENTIAL:
		break;
	}
	return i % f->n_rows;
}

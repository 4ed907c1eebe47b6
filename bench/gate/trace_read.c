/* SPDX-License-Identifier: MIT */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/cleanup.h"
#include "net/field.h"
#include "traces.h"

#define RECORD_BYTES 24
#define COLUMNS_MAX  64
#define REQUESTS_MAX ((size_t)UINT32_MAX - 1)
#define COUNT_MAX    100000   /* requests that one line stands for */
#define NONE         (-1)

/* Columns of lines, from 0; NONE: there is none. */
struct columns {
	int id, size, more, op, count;   /* more: of the size as well */
};

struct reader {
	FILE *f;
	const char *path;
	struct columns columns;
	bool named;              /* the columns were told by the caller: no line tells others */
	struct trace_intake in;
	size_t most;             /* requests */
	uint64_t n;              /* the line or record that is read */
	struct err *e;
};

/* ---- one request ---- */

static int
refuse(struct reader *r, const char *what, struct text it)
{
	int size = it.size < 60 ? (int)it.size : 60;

	return err_set(r->e, EINVAL, "'%s' line %" PRIu64 ": %s: '%.*s'", r->path, r->n, what, size, it.at);
}

static int
check_packed(const struct reader *r, const void *bytes, size_t size)
{
	bool zstd = size >= 4 && memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0;
	bool gzip = size >= 2 && memcmp(bytes, "\x1f\x8b", 2) == 0;

	if (r->n > 1 || (!zstd && !gzip))
		return 0;
	err_set(r->e, EINVAL, "'%s' is compressed", r->path);
	err_hint(r->e, "%s -dc '%s' | gate_eviction --format FORMAT -", zstd ? "zstd" : "gzip", r->path);
	return -EINVAL;
}

/* Empty: not known, 0. */
static int
read_number(struct reader *r, struct text t, const char *what, uint64_t most, uint64_t *ret)
{
	t = text_trim(t);
	*ret = 0;
	for (size_t i = 0; i < t.size; i++) {
		if (t.at[i] < '0' || t.at[i] > '9')
			return refuse(r, what, t);
		*ret = *ret * 10 + (uint64_t)(t.at[i] - '0');
		if (*ret > most)
			return refuse(r, "a number that is too large", t);
	}
	return 0;
}

static int
take(struct reader *r, struct text key, uint64_t size, uint64_t times)
{
	uint64_t name = XXH3_64bits(key.at, key.size);

	if (size > UINT32_MAX)
		return err_set(r->e, EINVAL, "'%s' line %" PRIu64 ": an object of more than 4 GiB", r->path, r->n);
	if (!times)
		trace_know(&r->in, name, (uint32_t)size);
	for (uint64_t i = 0; i < times && r->in.t->n < r->most; i++)
		trace_take(&r->in, name, (uint32_t)size);
	return 0;
}

/* ---- binary ---- */

static int
read_records(struct reader *r)
{
	unsigned char record[RECORD_BYTES];
	size_t got;
	int code = 0;

	while (!code && r->in.t->n < r->most && (got = fread(record, 1, RECORD_BYTES, r->f))) {
		uint64_t id;
		uint32_t size;
		r->n++;
		code = check_packed(r, record, got);
		if (!code && got < RECORD_BYTES)
			code = err_set(r->e, EINVAL, "'%s' ends within record %" PRIu64 ": %zu of %d bytes", r->path, r->n, got,
			    RECORD_BYTES);
		memcpy(&id, record + 4, sizeof(id));
		memcpy(&size, record + 12, sizeof(size));
		if (!code)
			trace_take(&r->in, le64toh(id), le32toh(size));
	}
	return code;
}

/* ---- lines with commas ---- */

/* Caches are asked with the others; what is written tells how large it is. */
static bool
is_write(struct text op)
{
	static const char *const words[] = { "set", "add", "replace", "cas", "append", "prepend", "incr", "decr", "delete",
		"set_lease", "put", "write", "w" };

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (text_is(op, words[i]))
			return true;
	return false;
}

static size_t
split(struct text line, struct text fields[COLUMNS_MAX])
{
	for (size_t n = 0; n < COLUMNS_MAX; n++) {
		const char *comma = memchr(line.at, ',', line.size);
		size_t size = comma ? (size_t)(comma - line.at) : line.size;
		fields[n] = text_trim((struct text){ line.at, size });
		if (!comma)
			return n + 1;
		line = (struct text){ comma + 1, line.size - size - 1 };
	}
	return COLUMNS_MAX;
}

/* True: the line names its columns, as those of Meta and of libCacheSim do. */
static bool
read_header(struct reader *r, const struct text *fields, size_t n)
{
	static const struct name { const char *text; size_t at; } names[] = {
		{ "key", offsetof(struct columns, id) }, { "cacheKey", offsetof(struct columns, id) },
		{ "id", offsetof(struct columns, id) }, { "obj_id", offsetof(struct columns, id) },
		{ "object_id", offsetof(struct columns, id) },
		{ "size", offsetof(struct columns, size) }, { "objectSize", offsetof(struct columns, size) },
		{ "obj_size", offsetof(struct columns, size) }, { "object_size", offsetof(struct columns, size) },
		{ "key_size", offsetof(struct columns, more) },
		{ "op", offsetof(struct columns, op) }, { "OpType", offsetof(struct columns, op) },
		{ "operation", offsetof(struct columns, op) },
		{ "op_count", offsetof(struct columns, count) },
	};
	struct columns c = { NONE, NONE, NONE, NONE, NONE };

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < COUNT_OF(names); k++)
			if (text_is(fields[i], names[k].text))
				*(int *)(void *)((char *)&c + names[k].at) = (int)i;
	if (c.id == NONE)
		return false;
	if (!r->named)
		r->columns = c;
	return true;
}

/* The field of a column that the format has; *ret is empty where it has none. */
static int
column(struct reader *r, const struct text *fields, size_t n, int at, struct text *ret)
{
	*ret = (struct text){ 0 };
	if (at == NONE)
		return 0;
	if ((size_t)at >= n)
		return err_set(r->e, EINVAL, "'%s' line %" PRIu64 ": there is no column %d", r->path, r->n, at + 1);
	*ret = fields[at];
	return 0;
}

static int
read_fields(struct reader *r, struct text line)
{
	struct text fields[COLUMNS_MAX], key, size, more, op, count;
	const struct columns *c = &r->columns;
	size_t n = split(line, fields);
	uint64_t bytes = 0, more_bytes = 0, times = 0;

	if (r->n == 1 && read_header(r, fields, n))
		return 0;
	if (column(r, fields, n, c->id, &key) || column(r, fields, n, c->size, &size) ||
	    column(r, fields, n, c->more, &more) || column(r, fields, n, c->op, &op) ||
	    column(r, fields, n, c->count, &count) || read_number(r, size, "no size", UINT32_MAX, &bytes) ||
	    read_number(r, more, "no size of a key", UINT32_MAX, &more_bytes) ||
	    read_number(r, count, "no number of requests", COUNT_MAX, &times))
		return -EINVAL;
	if (!key.size)
		return refuse(r, "no key", line);
	return take(r, key, bytes ? bytes + more_bytes : 0, is_write(op) ? 0 : times ? times : 1);
}

/* ---- lines with blanks ---- */

static struct text
next_word(struct text *line)
{
	*line = text_trim(*line);
	struct text word = { line->at, 0 };

	while (word.size < line->size && line->at[word.size] != ' ' && line->at[word.size] != '\t')
		word.size++;
	*line = (struct text){ line->at + word.size, line->size - word.size };
	return word;
}

static int
read_words(struct reader *r, struct text line)
{
	struct text rest = line, key = next_word(&rest), size = next_word(&rest);
	uint64_t bytes;

	if (text_trim(rest).size)
		return refuse(r, "more than a key and a size", line);
	return read_number(r, size, "no size", UINT32_MAX, &bytes) ? -EINVAL : take(r, key, bytes, 1);
}

/* Without what ends it; empty ones and those that begin with '#' say nothing. */
static int
read_lines(struct reader *r, int (*each)(struct reader *r, struct text line))
{
	char *line = NULL;
	size_t room = 0;
	ssize_t got;
	int code = 0;

	while (!code && r->in.t->n < r->most && (got = getline(&line, &room, r->f)) >= 0) {
		size_t size = (size_t)got;
		r->n++;
		while (size && (line[size - 1] == '\n' || line[size - 1] == '\r'))
			size--;
		struct text t = text_trim((struct text){ line, size });
		code = check_packed(r, line, size);
		if (!code && t.size && t.at[0] != '#')
			code = each(r, t);
	}
	free(line);
	return code;
}

/* ---- files ---- */

static const struct {
	const char *name, *ending;   /* of files that are taken for it */
	int (*line)(struct reader *r, struct text line);   /* NULL: records */
	struct columns columns;
} formats[] = {
	{ "lines", NULL, read_words, { 0 } },
	{ "oracleGeneral", ".bin", NULL, { 0 } },
	{ "oracleGeneral", ".oracleGeneral", NULL, { 0 } },
	{ "csv", ".csv", read_fields, { 1, 2, NONE, NONE, NONE } },
	{ "twitter", NULL, read_fields, { 1, 3, 2, 5, NONE } },
};

static bool
ends_with(const char *path, const char *ending)
{
	size_t n = strlen(path), m = strlen(ending);
	return n >= m && strcmp(path + n - m, ending) == 0;
}

static int
find_format(const char *path, const struct trace_how *how, size_t *ret, struct err *e)
{
	*ret = 0;
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		if (how->format ? strcmp(how->format, formats[i].name) == 0
		    : formats[i].ending && ends_with(path, formats[i].ending)) {
			*ret = i;
			return 0;
		}
	}
	return how->format ? err_usage(e, "no format '%s': lines, oracleGeneral, csv or twitter", how->format) : 0;
}

int
trace_read(const char *path, const struct trace_how *how, struct trace *ret, struct err *e)
{
	bool piped = strcmp(path, "-") == 0;
	size_t format;
	int code = find_format(path, how, &format, e);

	if (code < 0)
		return code;
	FILE *f CLEANUP(file_close_p) = piped ? stdin : fopen(path, "rb");
	if (!f)
		return err_set(e, errno, "cannot open '%s': %s", path, strerror(errno));
	*ret = (struct trace){ .name = path };
	struct reader r = { .f = f, .path = path, .columns = formats[format].columns, .e = e,
		.most = how->requests && how->requests < REQUESTS_MAX ? how->requests : REQUESTS_MAX,
		.in = { .t = ret, .uniform = how->uniform } };
	r.named = how->id_column > 0;
	if (r.named)
		r.columns = (struct columns){ how->id_column - 1, how->size_column > 0 ? how->size_column - 1 : NONE, NONE, NONE, NONE };
	code = formats[format].line ? read_lines(&r, formats[format].line) : read_records(&r);
	trace_taken(&r.in);
	if (!code && ferror(f))
		code = err_set(e, EIO, "cannot read '%s'", path);
	if (!code && !ret->n)
		code = err_set(e, EINVAL, "'%s' holds no requests", path);
	if (code)
		trace_done(ret);
	return code;
}

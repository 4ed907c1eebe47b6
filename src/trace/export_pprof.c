/* SPDX-License-Identifier: MIT */
#include "trace/export_pprof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"

/* Field numbers of profile.proto. */
enum { PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE = 2, PROFILE_LOCATION = 4, PROFILE_FUNCTION = 5,
	PROFILE_STRING = 6, PROFILE_TIME = 9, PROFILE_DURATION = 10, PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12, TYPE_TYPE = 1, TYPE_UNIT = 2, SAMPLE_LOCATIONS = 1, SAMPLE_VALUES = 2,
	LOCATION_ID = 1, LOCATION_LINE = 4, LINE_FUNCTION = 1, LINE_LINE = 2, FUNCTION_ID = 1,
	FUNCTION_NAME = 2, FUNCTION_SYSTEM_NAME = 3, FUNCTION_FILE = 4 };
enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

/* ---- wire format ---------------------------------------------------------------------------- */

static void
put_varint(struct buf *b, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_putc(b, (char)(value | 0x80));
	buf_putc(b, (char)value);
}

static void
put_number(struct buf *b, unsigned field, uint64_t value)
{
	put_varint(b, field << 3 | WIRE_VARINT);
	put_varint(b, value);
}

static void
put_bytes(struct buf *b, unsigned field, const void *bytes, size_t size)
{
	put_varint(b, field << 3 | WIRE_BYTES);
	put_varint(b, size);
	buf_append(b, bytes, size);
}

/* Appends a finished inner message and empties it for the next. */
static void
put_message(struct buf *b, unsigned field, struct buf *inner)
{
	put_bytes(b, field, buf_text(inner), inner->size);
	buf_clear(inner);
}

/* ---- profile -------------------------------------------------------------------------------- */

struct encoder {
	struct buf *out;
	struct buf message, packed;
	struct map strings;        /* -> index in the string table */
	struct map functions;      /* "name\0file" -> id */
	struct map locations;      /* frame text -> id */
};

static uint64_t
string_of(struct encoder *en, const char *text, size_t size)
{
	bool new;
	uint64_t *at = map_at(&en->strings, text, size, &new);
	if (new) {
		*at = en->strings.count - 1;
		put_bytes(en->out, PROFILE_STRING, text, size);
	}
	return *at;
}

static uint64_t
text_of(struct encoder *en, const char *text)
{
	return string_of(en, text, strlen(text));
}

static void
put_type(struct encoder *en, unsigned field, const char *type, const char *unit)
{
	uint64_t type_at = text_of(en, type), unit_at = text_of(en, unit);
	put_number(&en->message, TYPE_TYPE, type_at);
	put_number(&en->message, TYPE_UNIT, unit_at);
	put_message(en->out, field, &en->message);
}

/* "score (shop.py:12)" in its parts; without a file the whole text is the name. */
struct frame {
	const char *name, *file;
	size_t name_size, file_size;
	uint64_t line;
};

static struct frame
split_frame(const char *text, size_t size)
{
	struct frame f = { .name = text, .name_size = size, .file = text };
	if (size < 4 || text[size - 1] != ')')
		return f;
	size_t colon = size - 1, open;
	while (colon > 0 && text[colon - 1] >= '0' && text[colon - 1] <= '9')
		colon--;
	if (colon < 2 || colon == size - 1 || text[colon - 1] != ':')
		return f;
	for (open = colon - 1; open > 0 && text[open] != '('; open--)
		;
	if (open < 2 || text[open - 1] != ' ')
		return f;
	f.name_size = open - 1;
	f.file = text + open + 1;
	f.file_size = colon - 1 - (open + 1);
	f.line = strtoull(text + colon, NULL, 10);
	return f;
}

static uint64_t
function_of(struct encoder *en, const struct frame *f)
{
	uint64_t key[2] = { string_of(en, f->name, f->name_size),
		string_of(en, f->file, f->file_size) };
	bool new;
	uint64_t *at = map_at(&en->functions, key, sizeof(key), &new);
	if (!new)
		return *at;
	*at = en->functions.count;
	put_number(&en->message, FUNCTION_ID, *at);
	put_number(&en->message, FUNCTION_NAME, key[0]);
	put_number(&en->message, FUNCTION_SYSTEM_NAME, key[0]);
	put_number(&en->message, FUNCTION_FILE, key[1]);
	put_message(en->out, PROFILE_FUNCTION, &en->message);
	return *at;
}

static uint64_t
location_of(struct encoder *en, const char *text, size_t size)
{
	bool new;
	uint64_t *at = map_at(&en->locations, text, size, &new);
	if (!new)
		return *at;
	*at = en->locations.count;
	struct frame f = split_frame(text, size);
	CLEANUP(buf_done) struct buf line = { 0 };
	put_number(&line, LINE_FUNCTION, function_of(en, &f));
	put_number(&line, LINE_LINE, f.line);
	put_number(&en->message, LOCATION_ID, *at);
	put_message(&en->message, LOCATION_LINE, &line);
	put_message(en->out, PROFILE_LOCATION, &en->message);
	return *at;
}

/* Locations go leaf first. Each is written before the sample's own message is begun. */
static void
put_sample(struct encoder *en, const struct export_stack *s)
{
	const char *end = s->frames + strlen(s->frames);
	while (end > s->frames) {
		const char *start = end;
		while (start > s->frames && start[-1] != ';')
			start--;
		put_varint(&en->packed, location_of(en, start, (size_t)(end - start)));
		end = start > s->frames ? start - 1 : start;
	}
	put_message(&en->message, SAMPLE_LOCATIONS, &en->packed);
	put_varint(&en->packed, (uint64_t)s->count);
	put_varint(&en->packed, (uint64_t)s->ns);
	put_message(&en->message, SAMPLE_VALUES, &en->packed);
	put_message(en->out, PROFILE_SAMPLE, &en->message);
}

void
export_pprof_encode(const struct export_profile *p, struct buf *out)
{
	struct encoder en = { .out = out };
	text_of(&en, "");   /* the table's first entry must be empty */
	put_type(&en, PROFILE_SAMPLE_TYPE, "samples", "count");
	put_type(&en, PROFILE_SAMPLE_TYPE, "cpu", "nanoseconds");
	for (size_t i = 0; i < p->n_stacks; i++)
		put_sample(&en, &p->stacks[i]);
	put_number(out, PROFILE_TIME, (uint64_t)p->wall_ns);
	put_number(out, PROFILE_DURATION, (uint64_t)p->duration_ns);
	put_type(&en, PROFILE_PERIOD_TYPE, "cpu", "nanoseconds");
	put_number(out, PROFILE_PERIOD, (uint64_t)p->period_ns);
	buf_done(&en.message);
	buf_done(&en.packed);
	map_done(&en.strings);
	map_done(&en.functions);
	map_done(&en.locations);
}

/* Appends `in` as a gzip file. */
static void
compress_to(const struct buf *in, struct buf *out)
{
	enum { GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };
	z_stream z = { 0 };
	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
	    Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	size_t bound = deflateBound(&z, in->size);
	CLEANUP(free_p) unsigned char *bytes = malloc(bound);
	if (!bytes)
		abort();
	z.next_in = (unsigned char *)in->data;
	z.avail_in = (unsigned)in->size;
	z.next_out = bytes;
	z.avail_out = (unsigned)bound;
	deflate(&z, Z_FINISH);
	buf_append(out, bytes, bound - z.avail_out);
	deflateEnd(&z);
}

int
export_pprof(const char *path, const struct export_profile *p, struct err *e)
{
	CLEANUP(buf_done) struct buf message = { 0 };
	CLEANUP(buf_done) struct buf file = { 0 };
	export_pprof_encode(p, &message);
	if (message.truncated)
		return err_set(e, EFBIG, "cannot write '%s': the profile is too large", path);
	compress_to(&message, &file);
	return file_write(path, file.data, file.size, e);
}

/* SPDX-License-Identifier: MIT */
#include "trace/v8_script.h"

#include <string.h>

#include "base/search.h"
#include "base/utf8.h"
#include "trace/v8_positions.h"

enum { SCRIPTS_MAX = 4096, DEPTH_MAX = 24, CHUNK_BYTES = 16384, FILE_BYTES_MAX = 1024,
	CHARACTERS_MAX = 32 << 20, LINES_MAX = 1 << 20 };

struct known_script {
	uint64_t name_word, source_word;
	bool known;
	const char *file;
	bool application;
	uint32_t length;
	uint32_t *line_ends; size_t n_lines;   /* character of each line feed */
};

/* ---- strings -------------------------------------------------------------------------------- */

/* Gets the characters of a string piece by piece, in order; false: enough. */
typedef bool (*piece_fn)(void *ctx, const uint8_t *bytes, size_t characters, bool two_bytes);

struct range { uint32_t from, n; };

static bool walk(struct v8_heap *h, uint64_t string, struct range part, int depth, piece_fn fn,
    void *ctx);

static bool
walk_flat(struct v8_heap *h, uint64_t address, struct range part, bool two_bytes, piece_fn fn,
    void *ctx)
{
	uint8_t chunk[CHUNK_BYTES];
	size_t width = two_bytes ? 2 : 1;
	while (part.n) {
		size_t n = part.n < sizeof(chunk) / width ? part.n : sizeof(chunk) / width;
		if (!h->read(h->ctx, address + part.from * width, chunk, n * width) ||
		    !fn(ctx, chunk, n, two_bytes))
			return false;
		part.from += (uint32_t)n;
		part.n -= (uint32_t)n;
	}
	return true;
}

static bool
walk_field(struct v8_heap *h, uint64_t string, int field, struct range part, int depth, piece_fn fn,
    void *ctx)
{
	uint64_t inner;
	return h->read(h->ctx, string - 1 + (uint64_t)field, &inner, sizeof(inner)) &&
	    walk(h, inner, part, depth + 1, fn, ctx);
}

static bool
string_length(struct v8_heap *h, uint64_t string, uint32_t *ret)
{
	return h->read(h->ctx, string - 1 + (uint64_t)h->layout->string_length, ret, sizeof(*ret)) &&
	    *ret <= CHARACTERS_MAX;
}

/* Two strings joined: the part may lie in both. */
static bool
walk_cons(struct v8_heap *h, uint64_t string, struct range part, int depth, piece_fn fn, void *ctx)
{
	uint64_t first;
	uint32_t length;
	if (!h->read(h->ctx, string - 1 + (uint64_t)h->layout->cons_first, &first, sizeof(first)) ||
	    !V8_IS_OBJECT(first) || !string_length(h, first, &length))
		return false;
	struct range left = part, right = part;
	left.n = part.from >= length ? 0 : part.n < length - part.from ? part.n : length - part.from;
	right.n = part.n - left.n;
	right.from = part.from > length ? part.from - length : 0;
	return (!left.n || walk(h, first, left, depth + 1, fn, ctx)) &&
	    (!right.n || walk_field(h, string, h->layout->cons_second, right, depth, fn, ctx));
}

static bool
walk_sliced(struct v8_heap *h, uint64_t string, struct range part, int depth, piece_fn fn,
    void *ctx)
{
	uint64_t offset;
	if (!h->read(h->ctx, string - 1 + (uint64_t)h->layout->sliced_offset, &offset, sizeof(offset)) ||
	    !V8_IS_SMALL(offset) || V8_SMALL(offset) < 0 || V8_SMALL(offset) > CHARACTERS_MAX)
		return false;
	part.from += (uint32_t)V8_SMALL(offset);
	return walk_field(h, string, h->layout->sliced_parent, part, depth, fn, ctx);
}

/* Text that lives outside of the heap: the object keeps its owner and, behind that, the text. */
static bool
walk_external(struct v8_heap *h, uint64_t string, struct range part, bool two_bytes, piece_fn fn,
    void *ctx)
{
	uint64_t data;
	return h->read(h->ctx, string - 1 + (uint64_t)h->layout->external_resource + 8, &data,
	           sizeof(data)) &&
	    walk_flat(h, data, part, two_bytes, fn, ctx);
}

static bool
walk(struct v8_heap *h, uint64_t string, struct range part, int depth, piece_fn fn, void *ctx)
{
	const struct v8_layout *l = h->layout;
	int type = v8_heap_type(h, string);
	if (type < 0 || type >= l->first_nonstring || depth > DEPTH_MAX)
		return false;
	int shape = type & l->string_shape_mask;
	bool two_bytes = !(type & l->string_one_byte);
	if (shape == l->cons_tag)
		return walk_cons(h, string, part, depth, fn, ctx);
	if (shape == l->thin_tag)
		return walk_field(h, string, l->thin_actual, part, depth, fn, ctx);
	if (shape == l->sliced_tag)
		return walk_sliced(h, string, part, depth, fn, ctx);
	if (shape == l->external_tag)
		return walk_external(h, string, part, two_bytes, fn, ctx);
	return walk_flat(h, string - 1 + (uint64_t)l->string_chars, part, two_bytes, fn, ctx);
}

static uint32_t
character(const uint8_t *bytes, size_t i, bool two_bytes)
{
	return two_bytes ? (uint32_t)bytes[2 * i] | (uint32_t)bytes[2 * i + 1] << 8 : bytes[i];
}

struct text { char *out; size_t size, max; };

static bool
add_text(void *ctx, const uint8_t *bytes, size_t n, bool two_bytes)
{
	struct text *t = ctx;
	for (size_t i = 0; i < n; i++) {
		uint32_t c = character(bytes, i, two_bytes);
		char one[4];
		size_t size = utf8_write(one, utf8_is_unsafe(c) ? '?' : c);
		if (t->size + size >= t->max)
			return false;
		memcpy(t->out + t->size, one, size);
		t->size += size;
	}
	return true;
}

bool
v8_heap_text(struct v8_heap *h, uint64_t string, char *out, size_t max)
{
	struct text t = { out, 0, max };
	struct range all = { 0 };
	int type = v8_heap_type(h, string);
	if (type < 0 || type >= h->layout->first_nonstring || !string_length(h, string, &all.n))
		return false;
	bool whole = walk(h, string, all, 0, add_text, &t);
	out[t.size] = '\0';
	return whole || t.size + 4 >= max;
}

/* ---- scripts -------------------------------------------------------------------------------- */

struct lines { struct v8_heap *heap; struct known_script *script; uint32_t at; };

static bool
add_lines(void *ctx, const uint8_t *bytes, size_t n, bool two_bytes)
{
	struct lines *l = ctx;
	for (size_t i = 0; i < n && l->script->n_lines < LINES_MAX; i++)
		if (character(bytes, i, two_bytes) == '\n')
			*ARENA_PUSH(l->heap->arena, l->script->line_ends, l->script->n_lines) =
			    l->at + (uint32_t)i;
	l->at += (uint32_t)n;
	return true;
}

static bool
starts_with(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Modules are named by URL, scripts by path. Node's own have no path. */
static void
load_script(struct v8_heap *h, struct known_script *s)
{
	char file[FILE_BYTES_MAX];
	struct range all = { 0 };
	struct lines lines = { .heap = h, .script = s };
	s->known = v8_heap_text(h, s->name_word, file, sizeof(file));
	if (!s->known)
		return;
	const char *path = starts_with(file, "file://") ? file + 7 : file;
	if (V8_IS_OBJECT(s->source_word))
		string_length(h, s->source_word, &all.n);
	if (s->file && strcmp(s->file, path) == 0 && s->length == all.n)
		return;   /* its strings moved */
	s->file = arena_strdup(h->arena, path);
	s->length = all.n;
	s->n_lines = 0;
	s->line_ends = NULL;
	s->application = file[0] && !starts_with(file, "node:") && !starts_with(file, "evalmachine") &&
	    !strstr(file, "/node_modules/") && (strchr(file, '/') || strchr(file, '.') ||
	    strchr(file, '['));
	if (s->application && s->length && s->length <= CHARACTERS_MAX)
		s->length = walk(h, s->source_word, all, 0, add_lines, &lines) ? s->length : 0;
}

static const struct known_script *
script_at(struct v8_heap *h, uint64_t script)
{
	uint64_t name_word, source_word;
	bool new;
	if (!h->read(h->ctx, script - 1 + (uint64_t)h->layout->script_name, &name_word,
	        sizeof(name_word)) ||
	    !h->read(h->ctx, script - 1 + (uint64_t)h->layout->script_source, &source_word,
	        sizeof(source_word)))
		return NULL;
	if (h->scripts.count >= SCRIPTS_MAX && !map_find(&h->scripts, &script, sizeof(script)))
		return NULL;
	uint64_t *at = map_at(&h->scripts, &script, sizeof(script), &new);
	if (new)
		*at = (uint64_t)(uintptr_t)arena_alloc(h->arena, sizeof(struct known_script));
	struct known_script *s = (struct known_script *)(uintptr_t)*at;
	if (new || s->name_word != name_word || s->source_word != source_word) {
		s->name_word = name_word;
		s->source_word = source_word;
		load_script(h, s);
	}
	return s->known ? s : NULL;
}

static int
line_of(const struct known_script *s, int32_t offset)
{
	return (int)FIRST_WHERE(i, s->n_lines, s->line_ends[i] >= (uint32_t)offset) + 1;
}

void
v8_script_place(struct v8_heap *h, uint64_t script, int32_t offset, struct v8_function *ret)
{
	const struct known_script *s = script_at(h, script);
	if (!s)
		return;
	ret->file = s->file;
	ret->application = s->application;
	ret->line = offset >= 0 && s->application ? line_of(s, offset) : 0;
}

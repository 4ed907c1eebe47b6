/* SPDX-License-Identifier: MIT */
#include "trace/v8_heap.h"

#include <stdio.h>
#include <string.h>

#include "trace/v8_positions.h"
#include "trace/v8_script.h"

enum { NAME_BYTES_MAX = 1024, FUNCTIONS_MAX = 65536, TYPES_MAX = 4096, SHARED_BYTES = 48 };

struct known_function {
	uint64_t name_word, script_word;   /* as they were read; a change means it is another */
	bool known;
	struct v8_function function;
};

void
v8_heap_init(struct v8_heap *h, const struct v8_layout *layout, v8_read_fn read, void *ctx)
{
	*h = (struct v8_heap){ .layout = layout, .read = read, .ctx = ctx, .arena = arena_new() };
}

void
v8_heap_done(struct v8_heap *h)
{
	map_done(&h->types);
	map_done(&h->functions);
	map_done(&h->scripts);
	map_done(&h->codes);
	arena_free(h->arena);
}

/* Maps of the kinds that matter live in read-only memory and never move. */
int
v8_heap_type(struct v8_heap *h, uint64_t object)
{
	uint64_t map;
	uint16_t type;
	bool new;
	if (!V8_IS_OBJECT(object) || !h->read(h->ctx, object - 1, &map, sizeof(map)) ||
	    !V8_IS_OBJECT(map))
		return -1;
	if (h->types.count >= TYPES_MAX)
		map_done(&h->types);
	uint64_t *at = map_at(&h->types, &map, sizeof(map), &new);
	if (!new)
		return (int)*at - 1;
	if (h->read(h->ctx, map - 1 + (uint64_t)h->layout->map_type, &type, sizeof(type)))
		*at = (uint64_t)type + 1;
	return (int)*at - 1;
}

bool
v8_heap_closure(const struct v8_heap *h, uint64_t function, uint64_t *ret_shared,
    uint64_t *ret_code)
{
	uint8_t bytes[64];
	size_t shared = (size_t)h->layout->function_shared, code = (size_t)h->layout->function_code;
	if (!V8_IS_OBJECT(function) || shared > sizeof(bytes) - 8 || code > sizeof(bytes) - 8 ||
	    !h->read(h->ctx, function - 1, bytes, sizeof(bytes)))
		return false;
	memcpy(ret_shared, bytes + shared, sizeof(*ret_shared));
	memcpy(ret_code, bytes + code, sizeof(*ret_code));
	return V8_IS_OBJECT(*ret_shared);
}

/* ---- functions ------------------------------------------------------------------------------ */

static bool
read_scope(struct v8_heap *h, uint64_t scope, struct v8_scope *ret)
{
	uint64_t words[V8_SCOPE_WORDS_MAX];
	size_t n = V8_SCOPE_WORDS_MAX;
	/* It may stand at the end of a page: then less is enough. */
	while (n >= 8 && !h->read(h->ctx, scope - 1 + 8, words, n * sizeof(words[0])))
		n /= 2;
	return n >= 8 && v8_scope_parse(words, n, h->layout->scope_first, h->layout->scope_locals, ret);
}

static const char *
base_name(const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	return slash ? slash + 1 : file ? file : "?";
}

/* `old`: its name when it was read before, kept when it is still that: what only moved takes no
 * memory again. */
static const char *
function_name(struct v8_heap *h, const struct v8_scope *s, const struct v8_function *f,
    const char *old)
{
	char text[NAME_BYTES_MAX];
	bool named = (s->name && v8_heap_text(h, s->name, text, sizeof(text)) && text[0]) ||
	    (s->inferred_name && v8_heap_text(h, s->inferred_name, text, sizeof(text)) && text[0]);
	if (!named && s->start == 0)
		return "<module>";
	if (!named)
		snprintf(text, sizeof(text), "(anonymous) %.200s:%d", base_name(f->file), f->line);
	return old && strcmp(old, text) == 0 ? old : arena_strdup(h->arena, text);
}

static bool
load_function(struct v8_heap *h, uint64_t shared, uint64_t name_word, uint64_t script_word,
    struct v8_function *ret)
{
	const struct v8_layout *l = h->layout;
	struct v8_scope scope = { 0 };
	const char *old = ret->name;
	*ret = (struct v8_function){ .name = old };

	if (v8_heap_type(h, shared) != l->type_shared)
		return false;
	int type = v8_heap_type(h, name_word);
	if (type == l->type_scope && !read_scope(h, name_word, &scope))
		return false;
	if (type >= 0 && type < l->first_nonstring)
		scope.name = name_word;
	ret->builtin = v8_heap_type(h, script_word) != l->type_script;
	if (!ret->builtin)
		v8_script_place(h, script_word, scope.end ? scope.start : -1, ret);
	ret->name = function_name(h, &scope, ret, old);
	return true;
}

const struct v8_function *
v8_heap_function(struct v8_heap *h, uint64_t shared)
{
	uint8_t bytes[SHARED_BYTES];
	uint64_t name_word, script_word;
	bool new;
	size_t name = (size_t)h->layout->shared_name, script = (size_t)h->layout->shared_script;

	if (!V8_IS_OBJECT(shared) || name > sizeof(bytes) - 8 || script > sizeof(bytes) - 8 ||
	    !h->read(h->ctx, shared - 1, bytes, sizeof(bytes)))
		return NULL;
	memcpy(&name_word, bytes + name, sizeof(name_word));
	memcpy(&script_word, bytes + script, sizeof(script_word));
	if (h->functions.count >= FUNCTIONS_MAX && !map_find(&h->functions, &shared, sizeof(shared)))
		return NULL;
	uint64_t *at = map_at(&h->functions, &shared, sizeof(shared), &new);
	if (new)
		*at = (uint64_t)(uintptr_t)arena_alloc(h->arena, sizeof(struct known_function));
	struct known_function *k = (struct known_function *)(uintptr_t)*at;
	if (!k->known || k->name_word != name_word || k->script_word != script_word) {
		k->known = load_function(h, shared, name_word, script_word, &k->function);
		k->name_word = name_word;
		k->script_word = script_word;
	}
	return k->known ? &k->function : NULL;
}

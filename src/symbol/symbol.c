/* SPDX-License-Identifier: MIT */
#include "symbol/symbol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "symbol/demangle.h"
#include "symbol/process.h"

#define PERF_MAP_AGAIN_NS (500 * NS_PER_MS)

enum { INLINED_MAX = 16 };

struct symbols *
symbols_new(void)
{
	struct symbols *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->arena = s->lines.arena = arena_new();
	s->unwind_cache = calloc(UNWIND_CACHE_SLOTS, sizeof(*s->unwind_cache));
	if (!s->unwind_cache)
		abort();
	objects_init(&s->objects, s->arena);
	s->made.arena = s->arena;
	*ARENA_PUSH(s->arena, s->made.items, s->made.n) = (struct symbol){ .name = "[java]",
		.module = "[jit]", .language = "java" };
	return s;
}

void
symbols_set_returns(struct symbols *s,
    uint64_t (*original)(void *ctx, int pid, uint64_t slot), void *ctx)
{
	s->original_return = original;
	s->original_ctx = ctx;
}

void
symbols_set_frames(struct symbols *s, symbols_frame_fn name, void *ctx)
{
	s->name_frame = name;
	s->frame_ctx = ctx;
}

void
symbols_free(struct symbols *s)
{
	size_t at = 0;
	if (!s)
		return;
	for (const struct map_slot *slot; (slot = map_next(&s->by_pid, &at));) {
		struct process *p = (struct process *)(uintptr_t)slot->value;
		maps_done(&p->maps);
		perf_map_done(&p->perf_map);
		hotspot_free(p->hotspot);
	}
	map_done(&s->by_pid);
	map_done(&s->by_symbol);
	lines_done(&s->lines);
	objects_done(&s->objects);
	kallsyms_done(&s->kallsyms);
	free(s->unwind_cache);
	arena_free(s->arena);
	free(s);
}

int
symbols_see(struct symbols *s, int pid)
{
	struct process *p = process_get(s, pid);
	p->maps_read_ns = 0;   /* asked for: whatever was read lately is old */
	return process_refresh(s, p) ? 0 : -ESRCH;
}

const char *
symbols_runtime(struct symbols *s, int pid)
{
	return process_get(s, pid)->runtime;
}

/* ---- names of code -------------------------------------------------------------------------- */

/* The symbol made before for this key, or a place for it. */
static struct symbol *
remembered(struct symbols *s, uint64_t scope, uint64_t start, bool *ret_new)
{
	uint64_t key[2] = { scope, start };
	uint64_t *at = map_at(&s->by_symbol, key, sizeof(key), ret_new);
	if (*ret_new)
		*at = (uint64_t)(uintptr_t)arena_alloc(s->arena, sizeof(struct symbol));
	return (struct symbol *)(uintptr_t)*at;
}

/* Libraries of the language, and common ones of others, that are linked into the program are not what its author
 * wrote. Of C++ also what their headers put there, of Rust what implements a trait ("<"). */
static bool
is_linked_library(const char *name)
{
	static const char *const starts[] = { "std::", "core::", "alloc::", "runtime.", "__gnu_cxx::",
		"__glibcxx_", "__gthread_", "_start", "boost::", "hashbrown::", "tokio::", "mio::", "hyper::", "axum::",
		"actix_", "rayon", "parking_lot", "crossbeam", "serde", "regex::", "regex_automata::" };
	name += *name == '<';
	for (size_t i = 0; i < COUNT_OF(starts); i++)
		if (strncmp(name, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

static bool
is_program(const struct process *p, const struct object *o)
{
	return p->exe_path && !p->interpreter && strcmp(p->exe_path, o->path) == 0;
}

/* Without a symbol the function's first address, known from the unwind tables, still groups. */
static void
name_native(struct symbols *s, const struct process *p, const struct module *m, uint64_t vaddr,
    struct symbol *out)
{
	const struct object_symbol *found = object_function(m->object, s->arena, vaddr);
	uint64_t start = vaddr;
	struct cfi_row row;
	bool new;

	if (found)
		start = found->start + m->object->view.first_vaddr;
	else
		object_cfi(m->object, vaddr, &row, &start);
	struct symbol *made = remembered(s, m->object->id, start, &new);
	if (new) {
		const char *name = found ? object_symbol_name(m->object, found) : NULL;
		made->module = m->object->name;
		made->language = "native";
		made->named = name != NULL;
		made->name = name ? demangle(s->arena, name) :
		    arena_printf(s->arena, "[%s+0x%lx]", m->object->name, start);
	}
	*out = *made;
	out->application = is_program(p, m->object) && (m->object->go.bytes ?
	    go_is_application(&m->object->view, made->name) : !is_linked_library(made->name));
}

static const char *
find_jit(struct symbols *s, struct process *p, uint64_t ip, uint64_t *ret_start)
{
	const char *name = perf_map_find(&p->perf_map, ip, ret_start);
	int64_t now = now_ns();
	if (name || (p->perf_map_read_ns && now - p->perf_map_read_ns < PERF_MAP_AGAIN_NS))
		return name;
	p->perf_map_read_ns = now;
	perf_map_read(&p->perf_map, s->arena, p->pid);
	return perf_map_find(&p->perf_map, ip, ret_start);
}

/* The text of the entry is part of the key: code moves and another function comes there. */
static void
name_jit(struct symbols *s, struct process *p, uint64_t ip, struct symbol *out)
{
	uint64_t start = 0;
	const char *name = find_jit(s, p, ip, &start);
	bool new;

	*out = (struct symbol){ .name = "[jit]", .module = "[jit]", .language = p->runtime };
	if (!name)
		return;
	struct symbol *made = remembered(s, (uint64_t)(uintptr_t)name, start, &new);
	if (new) {
		struct perf_map_name parsed;
		perf_map_parse_name(s->arena, name, &parsed);
		*made = (struct symbol){ .name = parsed.function, .module = "[jit]",
			.language = parsed.language ? parsed.language : p->runtime,
			.file = parsed.file, .line = parsed.line, .named = true,
			.application = parsed.application };
	}
	*out = *made;
}

void
symbols_name(struct symbols *s, int pid, uint64_t ip, bool leaf, struct symbol *out)
{
	if (ip & SYMBOL_MADE) {
		size_t made = ip & ~SYMBOL_MADE;
		*out = s->made.items[made < s->made.n ? made : 0];
		return;
	}
	struct process *p = process_get(s, pid);
	uint64_t at = leaf ? ip : ip - 1;
	const struct module *m = process_module(s, p, at);

	if (m) {
		name_native(s, p, m, at - m->bias, out);
	} else if (maps_is_anonymous_code(&p->maps, at) ||
	    perf_map_find(&p->perf_map, at, &(uint64_t){ 0 })) {
		name_jit(s, p, at, out);
	} else {
		*out = (struct symbol){ .name = "[unknown]", .module = "[unknown]",
			.language = "native" };
	}
}

void
symbols_kernel_name(struct symbols *s, uint64_t ip, struct symbol *out)
{
	if (!s->kallsyms_read) {
		s->kallsyms_read = true;
		kallsyms_read(&s->kallsyms, "/proc/kallsyms");
	}
	const char *name = kallsyms_find(&s->kallsyms, ip);
	*out = (struct symbol){ .name = name ? name : "[kernel]", .module = "[kernel]",
		.language = "kernel", .named = name != NULL };
}

const char *
symbols_java_lost(struct symbols *s, int pid, bool *ret_java)
{
	const struct process *p = process_get(s, pid);
	*ret_java = p->hotspot || p->hotspot_why;
	return p->hotspot_why;
}

/* ---- lines, data, offsets ------------------------------------------------------------------- */

bool
symbols_code(struct symbols *s, int pid, uint64_t ip, size_t before, size_t after, void *out)
{
	const struct module *m = process_module(s, process_get(s, pid), ip);
	uint64_t offset;

	if (!m || !m->object->mapped || !elf_view_offset(&m->object->view, ip - m->bias, &offset) ||
	    offset < before || offset > m->object->view.size ||
	    m->object->view.size - offset < after)
		return false;
	memcpy(out, m->object->view.image + offset - before, before + after);
	return true;
}

static bool
line_at(struct symbols *s, struct object *o, uint64_t vaddr, const char **ret_file, int *ret_line)
{
	return go_table_line(&o->go, vaddr, ret_file, ret_line) ||
	    lines_find(&s->lines, o, vaddr, ret_file, ret_line);
}

bool
symbols_line(struct symbols *s, int pid, uint64_t ip, const char **ret_file, int *ret_line)
{
	const struct module *m = ip & SYMBOL_MADE ? NULL :
	    process_module(s, process_get(s, pid), ip);
	if (!m || !m->object->mapped || !line_at(s, m->object, ip - m->bias, ret_file, ret_line))
		return false;
	const struct object_symbol *f = object_function(m->object, s->arena, ip - m->bias);
	const char *file;
	int line;
	if (f && line_at(s, m->object, f->start + m->object->view.first_vaddr, &file, &line) &&
	    strcmp(file, *ret_file) != 0) {
		*ret_file = file;
		*ret_line = line;
	}
	return true;
}

static uint64_t
make(struct symbols *s, const struct symbol *symbol)
{
	*ARENA_PUSH(s->arena, s->made.items, s->made.n) = *symbol;
	return SYMBOL_MADE | (s->made.n - 1);
}

size_t
symbols_inlined(struct symbols *s, int pid, uint64_t ip, bool leaf, uint64_t *ips, size_t max)
{
	struct lines_call calls[INLINED_MAX];
	struct symbol holder;
	uint64_t at = leaf ? ip : ip - 1;
	struct process *p = ip & SYMBOL_MADE ? NULL : process_get(s, pid);
	const struct module *m = p ? process_module(s, p, at) : NULL;

	if (!m || !m->object->mapped || !is_program(p, m->object) || max < 2)
		return 0;
	symbols_name(s, pid, ip, leaf, &holder);
	size_t n = lines_inlined(&s->lines, m->object, at - m->bias, calls,
	    max - 1 < INLINED_MAX ? max - 1 : INLINED_MAX, &holder.file, &holder.line);
	for (size_t i = 0; i < n; i++) {
		struct symbol inlined = holder;
		inlined.name = demangle(s->arena, calls[i].name);
		inlined.file = calls[i].file;
		inlined.line = calls[i].line;
		inlined.application = m->object->go.bytes ?
		    go_is_application(&m->object->view, inlined.name) : !is_linked_library(inlined.name);
		ips[i] = make(s, &inlined);
	}
	if (n)
		ips[n] = make(s, &holder);
	return n ? n + 1 : 0;
}

const char *
symbols_data_name(struct symbols *s, int pid, uint64_t address)
{
	const struct module *m = maps_module_of_data(&process_get(s, pid)->maps, address);
	const struct object_symbol *found =
	    m ? object_data(m->object, s->arena, address - m->bias) : NULL;
	const char *name = found ? object_symbol_name(m->object, found) : NULL;
	bool new;
	if (!name)
		return NULL;
	struct symbol *made = remembered(s, m->object->id,
	    found->start + m->object->view.first_vaddr, &new);
	if (new)
		made->name = demangle(s->arena, name);
	return made->name;
}

/* ---- Go ------------------------------------------------------------------------------------- */

static const struct module *
go_program(struct symbols *s, int pid)
{
	struct process *p = process_get(s, pid);
	for (size_t i = 0; i < p->maps.n_modules; i++)
		if (is_program(p, p->maps.modules[i].object))
			return p->maps.modules[i].object->go.bytes ? &p->maps.modules[i] : NULL;
	return NULL;
}

bool
symbols_is_go(struct symbols *s, int pid)
{
	return go_program(s, pid) != NULL;
}

bool
symbols_go_variable(struct symbols *s, int pid, const char *name, uint64_t *ret)
{
	const struct module *m = go_program(s, pid);
	if (!m || !object_by_name(m->object, OBJECT_DATA, name, ret))
		return false;
	*ret += m->bias;
	return true;
}

bool
symbols_go_member(struct symbols *s, int pid, const char *package, const char *type,
    const char *member, uint32_t *ret)
{
	const struct module *m = go_program(s, pid);
	return m && lines_member(&s->lines, m->object, package, type, member, ret);
}

struct constants { const struct object *object; symbols_constant_fn fn; void *ctx; };

/* Constants of value 0 take no room in the file. */
static void
give_constant(void *ctx, const char *name, uint64_t vaddr)
{
	const struct constants *c = ctx;
	const struct elf_view *view = &c->object->view;
	uint64_t offset;
	int32_t value = 0;
	if (elf_view_offset(view, vaddr, &offset) && offset + sizeof(value) <= view->size)
		memcpy(&value, view->image + offset, sizeof(value));
	c->fn(c->ctx, name, value);
}

void
symbols_constants(struct symbols *s, int pid, const char *prefix, symbols_constant_fn fn, void *ctx)
{
	const struct maps *m = &process_get(s, pid)->maps;
	for (size_t i = 0; i < m->n_modules; i++) {
		struct constants c = { .object = m->modules[i].object, .fn = fn, .ctx = ctx };
		bool seen = false;
		for (size_t k = 0; k < i && !seen; k++)
			seen = m->modules[k].object == c.object;
		if (!seen)
			object_exports(c.object, OBJECT_DATA, prefix, give_constant, &c);
	}
}

const char *
symbols_object(struct symbols *s, int pid, size_t i)
{
	const struct maps *m = &process_get(s, pid)->maps;
	return i < m->n_modules ? m->modules[i].object->path : NULL;
}

static void
take_first(void *ctx, const char *name, uint64_t vaddr)
{
	uint64_t *first = ctx;
	if (!*first)
		*first = vaddr;
}

static uint64_t
offset_in_file(const char *path, const char *name, bool whole)
{
	uint64_t offset = 0, vaddr = 0;
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct arena *a = arena_new();
	struct object *o = fd < 0 ? NULL : object_open(a, fd, path, getpid());

	if (o && whole)
		object_by_name(o, OBJECT_FUNCTIONS, name, &vaddr);
	else if (o)
		object_exports(o, OBJECT_FUNCTIONS, name, take_first, &vaddr);
	if (vaddr && !elf_view_offset(&o->view, vaddr, &offset))
		offset = 0;
	if (o)
		object_done(o);
	arena_free(a);
	return offset;
}

uint64_t
symbols_function_offset(const char *path, const char *function)
{
	return offset_in_file(path, function, true);
}

uint64_t
symbols_method_offset(const char *path, const char *prefix)
{
	return offset_in_file(path, prefix, false);
}

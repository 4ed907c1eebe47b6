/* SPDX-License-Identifier: MIT */
#include "symbol/object.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/file_map.h"
#include "base/search.h"

/* ---- opening -------------------------------------------------------------------------------- */

/* A map instead of a copy: of node's 99 MB a few are ever touched. */
static bool
map_file(int fd, struct elf_view *ret)
{
	size_t size;
	void *image = file_map(fd, &size);
	if (!image)
		return false;
	if (elf_view_init(ret, image, size) == 0)
		return true;
	file_unmap(image, size);
	return false;
}

static void
unmap(struct elf_view *v)
{
	file_unmap((void *)(uintptr_t)v->image, v->size);
	*v = (struct elf_view){ 0 };
}

#define FORGET_LOOKS 64
#define FORGET_EVERY 16384     /* symbols: of node's tables no more than a MiB or two is there at a time */

/* Gives back the pages that a pass over the symbols has touched; they come again when needed. */
static void
forget_pages(const struct elf_view *v)
{
	if (v->image)
		madvise((void *)(uintptr_t)v->image, v->size, MADV_DONTNEED);
}

/* A look at a frame's row or a name brings in the 64 KiB around it: of node soon all that it has. */
static void
note_look(struct object *o)
{
	if (!o->mapped || ++o->looks < FORGET_LOOKS)
		return;
	o->looks = 0;
	forget_pages(&o->view);
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

struct object *
object_open(struct arena *a, int fd, const char *path, int root_pid)
{
	struct elf_view view;
	if (!map_file(fd, &view))
		return NULL;
	struct object *o = arena_alloc(a, sizeof(*o));
	o->path = arena_strdup(a, path);
	o->name = base_name(o->path);
	o->root_pid = root_pid;
	o->view = view;
	go_table_init(&o->go, &view);
	o->mapped = true;
	return o;
}

struct object *
object_from_memory(struct arena *a, const void *image, size_t size, const char *name)
{
	struct elf_view view;
	if (elf_view_init(&view, image, size) < 0)
		return NULL;
	struct object *o = arena_alloc(a, sizeof(*o));
	o->path = o->name = arena_strdup(a, name);
	o->view = view;
	o->debug_tried = true;
	return o;
}

void
object_done(struct object *o)
{
	if (o->mapped)
		unmap(&o->view);
	unmap(&o->debug);
	cfi_done(&o->cfi);
	free(o->functions.items);
	free(o->data.items);
}

/* ---- the separate debug file ---------------------------------------------------------------- */

static bool
try_debug(struct object *o, struct arena *a, const char *path)
{
	CLEANUP(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !map_file(fd, &o->debug))
		return false;
	o->debug_path = arena_strdup(a, path);
	return true;
}

static bool
try_build_id(struct object *o, struct arena *a, const char *root)
{
	char hex[2 * 64 + 1], path[PATH_MAX];
	size_t size = o->view.build_id_size;
	if (!o->view.build_id || size > 64)
		return false;
	for (size_t i = 0; i < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", o->view.build_id[i]);
	snprintf(path, sizeof(path), "%s/usr/lib/debug/.build-id/%.2s/%s.debug", root, hex, hex + 2);
	return try_debug(o, a, path);
}

static bool
has_checksum(const struct elf_view *v, uint32_t wanted)
{
	bool same = crc32_z(0, v->image, v->size) == wanted;
	forget_pages(v);
	return same;
}

static bool
try_debuglink(struct object *o, struct arena *a, const char *root)
{
	static const char *const places[] = { "%s%.*s/%s", "%s%.*s/.debug/%s",
		"%s/usr/lib/debug%.*s/%s" };
	char path[PATH_MAX];
	uint32_t crc;
	const char *link = elf_view_debuglink(&o->view, &crc);
	if (!link || strchr(link, '/'))
		return false;
	int folder = (int)(o->name - o->path) - 1;
	for (size_t i = 0; folder >= 0 && i < COUNT_OF(places); i++) {
		int n = snprintf(path, sizeof(path), places[i], root, folder, o->path, link);
		if (n >= (int)sizeof(path) || !try_debug(o, a, path))
			continue;
		if (has_checksum(&o->debug, crc))
			return true;
		unmap(&o->debug);
	}
	return false;
}

bool
object_find_debug(struct object *o, struct arena *a)
{
	char root[32];
	if (o->debug_tried)
		return o->debug.image != NULL;
	o->debug_tried = true;
	snprintf(root, sizeof(root), "/proc/%d/root", o->root_pid);
	return try_build_id(o, a, root) || try_build_id(o, a, "") ||
	    try_debuglink(o, a, root) || try_debuglink(o, a, "");
}

/* ---- symbols -------------------------------------------------------------------------------- */

/* Of several names of one address people know the global one without underscores: malloc, not
 * __libc_malloc. The underscores are counted only where there are several: looking at every name would
 * read in all the text. */
static uint8_t
rank_of(const Elf64_Sym *s)
{
	unsigned bind = ELF64_ST_BIND(s->st_info);
	return (s->st_size ? 0 : 64) + (bind == STB_GLOBAL ? 0 : bind == STB_WEAK ? 1 : 2);
}

static unsigned
full_rank(const struct object *o, const struct object_symbol *s)
{
	const char *name = object_symbol_name(o, s);
	unsigned rank = s->rank;
	for (int i = 0; name && i < 3 && name[i] == '_'; i++)
		rank += 4;
	return rank;
}

static bool
is_wanted(const Elf64_Sym *s, enum object_kind kind)
{
	unsigned type = ELF64_ST_TYPE(s->st_info);
	bool right = kind == OBJECT_FUNCTIONS ? type == STT_FUNC || type == STT_GNU_IFUNC
	    : type == STT_OBJECT || type == STT_COMMON;
	return right && s->st_shndx != SHN_UNDEF && s->st_name != 0;
}

struct collection {
	struct object_symbols *to;
	size_t allocated;
	const struct object *object;
	enum object_kind kind;
};

static void
collect(struct collection *c, const struct elf_view *from, const Elf64_Sym *s, const char *name)
{
	const struct elf_view *own = &c->object->view;
	uint64_t start = s->st_value - own->first_vaddr;
	uint64_t offset = (uint64_t)(name - (const char *)from->image);
	if (s->st_value < own->first_vaddr || s->st_value >= own->end_vaddr ||
	    start > UINT32_MAX || offset > UINT32_MAX)
		return;
	if (c->to->n == c->allocated) {
		c->allocated = c->allocated ? c->allocated * 2 : 256;
		c->to->items = realloc(c->to->items, c->allocated * sizeof(*c->to->items));
		if (!c->to->items)
			abort();
	}
	c->to->items[c->to->n++] = (struct object_symbol){ .start = (uint32_t)start,
		.size = s->st_size > UINT32_MAX ? UINT32_MAX : (uint32_t)s->st_size,
		.name = (uint32_t)offset, .rank = rank_of(s),
		.in_debug = from == &c->object->debug };
}

/* The symbols of a table and the text that they name themselves with; false when broken. */
static bool
open_table(const struct elf_view *from, const char *section, struct elf_section *ret_table,
    struct elf_section *ret_names)
{
	return elf_view_section(from, section, ret_table) && ret_table->data &&
	    elf_view_section_at(from, ret_table->link, ret_names) && ret_names->data &&
	    ret_names->size && ret_names->data[ret_names->size - 1] == '\0';
}

static void
collect_table(struct collection *c, const struct elf_view *from, const char *section)
{
	struct elf_section table, names;
	if (!open_table(from, section, &table, &names))
		return;
	for (size_t i = 0; i + sizeof(Elf64_Sym) <= table.size; i += sizeof(Elf64_Sym)) {
		Elf64_Sym s;
		if (c->object->mapped && i % (FORGET_EVERY * sizeof(s)) == 0)
			forget_pages(from);
		memcpy(&s, table.data + i, sizeof(s));
		if (is_wanted(&s, c->kind) && s.st_name < names.size)
			collect(c, from, &s, (const char *)names.data + s.st_name);
	}
}

/* Go's own table, for a program without symbols. */
static void
collect_go(struct collection *c)
{
	const struct go_table *t = &c->object->go;
	struct go_function f;
	for (uint64_t i = 0; t->bytes && i < t->n; i++) {
		if (!go_table_function(t, i, &f))
			continue;
		Elf64_Sym s = { .st_value = f.start, .st_size = f.end - f.start,
			.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC) };
		collect(c, &c->object->view, &s, f.name);
	}
}

/* By start, in three passes of 11 bits each: 150 k symbols in 3 ms, where qsort takes 20. */
static void
sort_by_start(struct object_symbol *items, size_t n)
{
	enum { BITS = 11, BUCKETS = 1 << BITS };
	CLEANUP(free_p) struct object_symbol *other = malloc(n * sizeof(*other));
	struct object_symbol *from = items, *to = other;
	if (!other)
		abort();
	for (int shift = 0; shift < 32; shift += BITS) {
		size_t at[BUCKETS + 1] = { 0 };
		for (size_t i = 0; i < n; i++)
			at[(from[i].start >> shift & (BUCKETS - 1)) + 1]++;
		for (size_t k = 0; k < BUCKETS; k++)
			at[k + 1] += at[k];
		for (size_t i = 0; i < n; i++)
			to[at[from[i].start >> shift & (BUCKETS - 1)]++] = from[i];
		struct object_symbol *swap = from;
		from = to;
		to = swap;
	}
	memcpy(items, from, n * sizeof(*items));   /* an odd number of passes ends in the other */
}

/* Leaves the best name of each address. */
static size_t
keep_best(const struct object *o, struct object_symbol *items, size_t n)
{
	size_t kept = 0;
	for (size_t i = 1; i < n; i++) {
		if (o->mapped && i % FORGET_EVERY == 0)
			forget_pages(&o->view);
		if (items[i].start != items[kept].start) {
			items[++kept] = items[i];
			continue;
		}
		unsigned new = full_rank(o, &items[i]), old = full_rank(o, &items[kept]);
		if (new < old || (new == old && items[i].name < items[kept].name))
			items[kept] = items[i];
	}
	return kept + 1;
}

static void
load_symbols(struct object *o, struct arena *a, enum object_kind kind,
    struct object_symbols *to)
{
	struct elf_section table = { 0 }, exported = { 0 };
	struct collection c = { .to = to, .object = o, .kind = kind };

	collect_table(&c, &o->view, ".symtab");
	elf_view_section(&o->view, ".symtab", &table);
	elf_view_section(&o->view, ".dynsym", &exported);
	if (table.size < exported.size)   /* else what is exported was among them */
		collect_table(&c, &o->view, ".dynsym");
	if (!table.size && object_find_debug(o, a))
		collect_table(&c, &o->debug, ".symtab");
	else if (!table.size && kind == OBJECT_FUNCTIONS)
		collect_go(&c);
	if (to->n == 0)
		return;
	sort_by_start(to->items, to->n);
	to->n = keep_best(o, to->items, to->n);
	to->items = realloc(to->items, to->n * sizeof(*to->items));
	if (!to->items)
		abort();
	if (o->mapped)
		forget_pages(&o->view);
	forget_pages(&o->debug);
}

/* Symbols without a size (assembler) reach to the next one. A big symbol may begin before small
 * ones inside it, so a few steps back are tried. */
static const struct object_symbol *
find(const struct object *o, const struct object_symbols *in, uint64_t vaddr)
{
	enum { STEPS_BACK = 4 };
	if (vaddr < o->view.first_vaddr || vaddr >= o->view.end_vaddr)
		return NULL;
	uint64_t at = vaddr - o->view.first_vaddr;
	size_t after = FIRST_WHERE(i, in->n, in->items[i].start > at);
	for (size_t i = after; i > 0 && after - i < STEPS_BACK; i--) {
		const struct object_symbol *s = &in->items[i - 1];
		if (at - s->start < s->size || (s->size == 0 && i == after))
			return s;
	}
	return NULL;
}

const struct object_symbol *
object_function(struct object *o, struct arena *a, uint64_t vaddr)
{
	if (!o->functions_ready) {
		o->functions_ready = true;
		load_symbols(o, a, OBJECT_FUNCTIONS, &o->functions);
	}
	note_look(o);
	return find(o, &o->functions, vaddr);
}

const struct object_symbol *
object_data(struct object *o, struct arena *a, uint64_t vaddr)
{
	if (!o->data_ready) {
		o->data_ready = true;
		load_symbols(o, a, OBJECT_DATA, &o->data);
	}
	return find(o, &o->data, vaddr);
}

static bool
find_by_name(const struct object *o, enum object_kind kind, const char *name, uint64_t *ret_vaddr)
{
	static const char *const sections[] = { ".dynsym", ".symtab" };
	struct elf_section table, names;
	for (size_t k = 0; k < COUNT_OF(sections); k++) {
		if (!open_table(&o->view, sections[k], &table, &names))
			continue;
		for (size_t i = 0; i + sizeof(Elf64_Sym) <= table.size; i += sizeof(Elf64_Sym)) {
			Elf64_Sym s;
			memcpy(&s, table.data + i, sizeof(s));
			if (is_wanted(&s, kind) && s.st_name < names.size &&
			    strcmp((const char *)names.data + s.st_name, name) == 0) {
				*ret_vaddr = s.st_value;
				return true;
			}
		}
	}
	return false;
}

bool
object_by_name(const struct object *o, enum object_kind kind, const char *name,
    uint64_t *ret_vaddr)
{
	bool found = find_by_name(o, kind, name, ret_vaddr);

	if (o->mapped)
		forget_pages(&o->view);
	return found;
}

void
object_exports(const struct object *o, enum object_kind kind, const char *prefix,
    void (*fn)(void *ctx, const char *name, uint64_t vaddr), void *ctx)
{
	static const char *const sections[] = { ".dynsym", ".symtab" };
	struct elf_section table, names;
	size_t length = strlen(prefix);
	bool found = false;
	for (size_t k = 0; k < COUNT_OF(sections) && !found; k++) {
		if (!open_table(&o->view, sections[k], &table, &names))
			continue;
		for (size_t i = 0; i + sizeof(Elf64_Sym) <= table.size; i += sizeof(Elf64_Sym)) {
			Elf64_Sym s;
			memcpy(&s, table.data + i, sizeof(s));
			if (!is_wanted(&s, kind) || s.st_name >= names.size)
				continue;
			const char *name = (const char *)names.data + s.st_name;
			if (strncmp(name, prefix, length) != 0)
				continue;
			found = true;
			fn(ctx, name + length, s.st_value);
		}
	}
	if (o->mapped)
		forget_pages(&o->view);
}

const char *
object_symbol_name(const struct object *o, const struct object_symbol *s)
{
	return elf_view_text(s->in_debug ? &o->debug : &o->view, s->name);
}

bool
object_cfi(struct object *o, uint64_t vaddr, struct cfi_row *ret, uint64_t *ret_start)
{
	if (!o->cfi_ready) {
		struct elf_section frames = { 0 }, header = { 0 };
		o->cfi_ready = true;
		elf_view_section(&o->view, ".eh_frame", &frames);
		elf_view_section(&o->view, ".eh_frame_hdr", &header);
		cfi_init(&o->cfi, frames.data, frames.size, frames.vaddr, header.data,
		    header.size, header.vaddr);
	}
	note_look(o);
	return cfi_find(&o->cfi, vaddr, ret, ret_start);
}

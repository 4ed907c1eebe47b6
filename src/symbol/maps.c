/* SPDX-License-Identifier: MIT */
#include "symbol/maps.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/search.h"

#define MAPS_BYTES_MAX (64u << 20)

void
objects_init(struct objects *o, struct arena *a)
{
	*o = (struct objects){ .arena = a };
}

void
objects_done(struct objects *o)
{
	for (size_t i = 0; i < o->n; i++)
		object_done(o->items[i]);
	map_done(&o->by_file);
	map_done(&o->by_build_id);
}

/* A number and the one character that must follow it. sscanf would measure the whole text anew
 * for each line. */
static bool
take_number(const char **at, int base, char after, uint64_t *ret)
{
	char *end;
	*ret = strtoull(*at, &end, base);
	if (end == *at || *end != after)
		return false;
	*at = end + 1;
	return true;
}

bool
maps_parse_line(const char *text, struct maps_line *ret)
{
	uint64_t major, minor;
	*ret = (struct maps_line){ 0 };
	if (!take_number(&text, 16, '-', &ret->start) || !take_number(&text, 16, ' ', &ret->end) ||
	    ret->end <= ret->start || strnlen(text, 5) < 5 || text[4] != ' ')
		return false;
	ret->executable = text[2] == 'x';
	text += 5;
	if (!take_number(&text, 16, ' ', &ret->offset) || !take_number(&text, 16, ':', &major) ||
	    !take_number(&text, 16, ' ', &minor))
		return false;
	char *end;
	ret->inode = strtoull(text, &end, 10);
	ret->device_major = (unsigned)major;
	ret->device_minor = (unsigned)minor;
	ret->path = end + strspn(end, " ");
	ret->path_size = strcspn(ret->path, "\n");
	return end != text;
}

/* ---- objects -------------------------------------------------------------------------------- */

static struct object *
add_object(struct objects *objects, struct object *o)
{
	o->id = (uint32_t)objects->n;
	*ARENA_PUSH(objects->arena, objects->items, objects->n) = o;
	return o;
}

/* The path inside the process's root when it still is that file, else the mapping itself, which
 * also reaches deleted files but needs root. */
static int
open_mapped(int pid, const struct maps_line *line, const char *path)
{
	char link[PATH_MAX + 64];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%d/root%s", pid, path);
	int fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == line->inode)
		return fd;
	if (fd >= 0)
		close(fd);
	snprintf(link, sizeof(link), "/proc/%d/map_files/%lx-%lx", pid, line->start, line->end);
	return open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static struct object *
object_of_build_id(struct objects *objects, struct object *fresh)
{
	if (!fresh->view.build_id)
		return add_object(objects, fresh);
	bool new;
	uint64_t *at = map_at(&objects->by_build_id, fresh->view.build_id,
	    fresh->view.build_id_size, &new);
	if (new) {
		*at = objects->n + 1;
		return add_object(objects, fresh);
	}
	object_done(fresh);
	return objects->items[*at - 1];
}

static struct object *
object_of_file(struct objects *objects, int pid, const struct maps_line *line)
{
	uint64_t key[3] = { line->device_major, line->device_minor, line->inode };
	bool new;
	uint64_t *at = map_at(&objects->by_file, key, sizeof(key), &new);
	if (!new)
		return *at ? objects->items[*at - 1] : NULL;
	char path[PATH_MAX];
	size_t size = line->path_size < sizeof(path) ? line->path_size : sizeof(path) - 1;
	memcpy(path, line->path, size);
	path[size] = '\0';
	CLEANUP(fd_close_p) int fd = open_mapped(pid, line, path);
	struct object *o = fd < 0 ? NULL : object_open(objects->arena, fd, path, pid);
	if (!o)
		return NULL;
	o = object_of_build_id(objects, o);
	*at = o->id + 1;
	return o;
}

/* All processes of one kernel have the vDSO that we have; its section headers are its end. */
static struct object *
object_of_vdso(struct objects *objects)
{
	static const char key[] = "[vdso]";
	const void *image = (const void *)getauxval(AT_SYSINFO_EHDR);
	bool new;
	uint64_t *at = map_at(&objects->by_file, key, sizeof(key), &new);
	if (!new)
		return *at ? objects->items[*at - 1] : NULL;
	if (!image)
		return NULL;
	Elf64_Ehdr header;
	memcpy(&header, image, sizeof(header));
	size_t size = header.e_shoff + (size_t)header.e_shnum * header.e_shentsize;
	struct object *o = object_from_memory(objects->arena, image, size, key);
	if (!o)
		return NULL;
	*at = objects->n + 1;
	return add_object(objects, o);
}

/* ---- one process ---------------------------------------------------------------------------- */

struct reading {
	struct objects *objects;
	int pid;
	struct maps maps;
	size_t modules_allocated, anonymous_allocated;
};

static void *
grow(void *items, size_t n, size_t *allocated, size_t item_size)
{
	if (n < *allocated)
		return items;
	*allocated = *allocated ? *allocated * 2 : 32;
	items = realloc(items, *allocated * item_size);
	if (!items)
		abort();
	return items;
}

static void
add_module(struct reading *r, const struct maps_line *line, struct object *o)
{
	uint64_t vaddr;
	if (!o || !elf_view_vaddr(&o->view, line->offset, &vaddr))
		return;
	uint64_t bias = line->start - vaddr;
	struct maps *m = &r->maps;
	m->modules = grow(m->modules, m->n_modules, &r->modules_allocated, sizeof(*m->modules));
	m->modules[m->n_modules++] = (struct module){ .start = line->start,
		.end = line->end, .bias = bias, .object = o };
}

static void
add_anonymous(struct reading *r, const struct maps_line *line)
{
	struct maps *m = &r->maps;
	if (m->n_anonymous && m->anonymous[m->n_anonymous - 1].end == line->start) {
		m->anonymous[m->n_anonymous - 1].end = line->end;
		return;
	}
	m->anonymous = grow(m->anonymous, m->n_anonymous, &r->anonymous_allocated,
	    sizeof(*m->anonymous));
	m->anonymous[m->n_anonymous++] = (struct anonymous){ line->start, line->end };
}

static void
add_line(struct reading *r, const struct maps_line *line)
{
	if (!line->executable)
		return;
	if (line->path_size == 6 && memcmp(line->path, "[vdso]", 6) == 0)
		add_module(r, line, object_of_vdso(r->objects));
	else if (line->path_size == 9 && memcmp(line->path, "[uprobes]", 9) == 0)
		r->maps.trampoline = (struct anonymous){ line->start, line->end };
	else if (line->inode && line->path_size && line->path[0] == '/')
		add_module(r, line, object_of_file(r->objects, r->pid, line));
	else if (line->path_size == 0 || line->path[0] == '[' || line->path[0] == '/')
		add_anonymous(r, line);
}

static int
by_start(const void *a, const void *b)
{
	const struct module *x = a, *y = b;
	return x->start < y->start ? -1 : x->start > y->start;
}

int
maps_read(struct maps *m, struct objects *objects, int pid)
{
	char path[64];
	struct err e = { 0 };
	CLEANUP(buf_done) struct buf text = { .cap_bytes = MAPS_BYTES_MAX };

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	int result = file_read(path, MAPS_BYTES_MAX, &text, &e);
	if (result < 0 || text.size == 0)
		return result < 0 ? result : -ESRCH;
	struct reading r = { .objects = objects, .pid = pid };
	for (const char *at = text.data; at && *at; at = strchr(at, '\n')) {
		struct maps_line line;
		at += *at == '\n';
		if (maps_parse_line(at, &line))
			add_line(&r, &line);
	}
	if (r.maps.n_modules)
		qsort(r.maps.modules, r.maps.n_modules, sizeof(*r.maps.modules), by_start);
	maps_done(m);
	*m = r.maps;
	return 0;
}

void
maps_done(struct maps *m)
{
	free(m->modules);
	free(m->anonymous);
	*m = (struct maps){ 0 };
}

const struct module *
maps_module(const struct maps *m, uint64_t address)
{
	size_t after = FIRST_WHERE(i, m->n_modules, m->modules[i].start > address);
	const struct module *found = after ? &m->modules[after - 1] : NULL;
	return found && address < found->end ? found : NULL;
}

const struct module *
maps_module_of_data(const struct maps *m, uint64_t address)
{
	for (size_t i = 0; i < m->n_modules; i++) {
		const struct elf_view *v = &m->modules[i].object->view;
		uint64_t vaddr = address - m->modules[i].bias;
		if (vaddr >= v->first_vaddr && vaddr < v->end_vaddr)
			return &m->modules[i];
	}
	return NULL;
}

bool
maps_is_anonymous_code(const struct maps *m, uint64_t address)
{
	size_t after = FIRST_WHERE(i, m->n_anonymous, m->anonymous[i].start > address);
	return after && address < m->anonymous[after - 1].end;
}

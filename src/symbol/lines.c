/* SPDX-License-Identifier: MIT */
#include "symbol/lines.h"

#include <elfutils/libdw.h>
#include <stdio.h>
#include <string.h>

struct lines_source {
	uint32_t object;
	Elf *elf;
	Dwarf *dwarf;      /* NULL: no lines known */
};

static const struct elf_view *
view_with_lines(struct object *o, struct arena *a)
{
	struct elf_section s;
	if (elf_view_section(&o->view, ".debug_line", &s) && s.data)
		return &o->view;
	return object_find_debug(o, a) ? &o->debug : NULL;
}

static struct lines_source *
source_of(struct lines *l, struct object *o)
{
	for (size_t i = 0; i < l->n_sources; i++)
		if (l->sources[i].object == o->id)
			return &l->sources[i];
	struct lines_source *s = ARENA_PUSH(l->arena, l->sources, l->n_sources);
	s->object = o->id;
	const struct elf_view *view = view_with_lines(o, l->arena);
	if (!view)
		return s;
	elf_version(EV_CURRENT);
	/* libelf writes there when sections are compressed: the map is private. */
	s->elf = elf_memory((char *)(uintptr_t)view->image, view->size);
	s->dwarf = s->elf ? dwarf_begin_elf(s->elf, DWARF_C_READ, NULL) : NULL;
	return s;
}

/* By the table of address ranges, else (compilers may leave it out) unit by unit. */
static bool
unit_of(Dwarf *dwarf, uint64_t vaddr, Dwarf_Die *ret)
{
	Dwarf_CU *unit = NULL;
	if (dwarf_addrdie(dwarf, vaddr, ret))
		return true;
	while (dwarf_get_units(dwarf, unit, &unit, NULL, NULL, ret, NULL) == 0)
		if (dwarf_haspc(ret, vaddr) > 0)
			return true;
	return false;
}

bool
lines_find(struct lines *l, struct object *o, uint64_t vaddr, const char **ret_file,
    int *ret_line)
{
	struct lines_source *s = source_of(l, o);
	Dwarf_Die unit;
	int line;

	if (!s->dwarf || !unit_of(s->dwarf, vaddr, &unit))
		return false;
	Dwarf_Line *found = dwarf_getsrc_die(&unit, vaddr);
	const char *file = found ? dwarf_linesrc(found, NULL, NULL) : NULL;
	if (!file || dwarf_lineno(found, &line) < 0 || line <= 0)
		return false;
	*ret_file = arena_strdup(l->arena, file);
	*ret_line = line;
	return true;
}

void
lines_done(struct lines *l)
{
	for (size_t i = 0; i < l->n_sources; i++) {
		dwarf_end(l->sources[i].dwarf);
		elf_end(l->sources[i].elf);
	}
}

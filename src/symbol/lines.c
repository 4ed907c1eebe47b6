/* SPDX-License-Identifier: MIT */
#include "symbol/lines.h"

#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"

enum { RATIO_MAX = 1000, COMPRESSED_ZSTD = 2 };
#define UNCOMPRESSED_MAX (UINT64_C(24) << 20)

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

/* libdw keeps what it uncompresses in memory, all sections at once: of a program of hundreds of
 * megabytes that is more than prony may use. */
static bool
is_affordable(const struct elf_view *v)
{
	static const char *const names[] = { ".debug_info", ".debug_line", ".debug_str", ".debug_loc",
		".debug_loclists", ".debug_ranges", ".debug_rnglists", ".debug_abbrev", ".debug_line_str" };
	uint64_t sum = 0;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct elf_section s;
		Elf64_Chdr head;
		if (!elf_view_section(v, names[i], &s) || !s.data || s.size < sizeof(head))
			continue;
		memcpy(&head, s.data, sizeof(head));
		if ((head.ch_type == ELFCOMPRESS_ZLIB || head.ch_type == COMPRESSED_ZSTD) &&
		    head.ch_reserved == 0 && head.ch_size > s.size && head.ch_size < s.size * RATIO_MAX)
			sum += head.ch_size;
	}
	return sum <= UNCOMPRESSED_MAX;
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
	if (!view || !is_affordable(view))
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

static bool
line_in_unit(struct lines *l, Dwarf_Die *unit, uint64_t vaddr, const char **ret_file, int *ret_line)
{
	int line;
	Dwarf_Line *found = dwarf_getsrc_die(unit, vaddr);
	const char *file = found ? dwarf_linesrc(found, NULL, NULL) : NULL;
	if (!file || dwarf_lineno(found, &line) < 0 || line <= 0)
		return false;
	*ret_file = arena_strdup(l->arena, file);
	*ret_line = line;
	return true;
}

bool
lines_find(struct lines *l, struct object *o, uint64_t vaddr, const char **ret_file,
    int *ret_line)
{
	struct lines_source *s = source_of(l, o);
	Dwarf_Die unit;

	return s->dwarf && unit_of(s->dwarf, vaddr, &unit) &&
	    line_in_unit(l, &unit, vaddr, ret_file, ret_line);
}

/* ---- inlined functions ---------------------------------------------------------------------- */

/* The innermost function, inlined or not, that holds the address, with all that it is inside of:
 * only from there on the list is of places, before that it may be of declarations. */
static int
places_of(Dwarf_Die *unit, uint64_t vaddr, Dwarf_Die **ret)
{
	Dwarf_Die *scopes = NULL;
	int n = dwarf_getscopes(unit, vaddr, &scopes), result = 0;
	for (int i = 0; i < n && !result; i++) {
		int tag = dwarf_tag(&scopes[i]);
		if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram)
			result = tag == DW_TAG_subprogram ? -1 : dwarf_getscopes_die(&scopes[i], ret);
	}
	free(scopes);
	return result > 0 ? result : 0;
}

static const char *
name_of(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *linked = dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ?
	    dwarf_formstring(&attribute) : NULL;
	return linked ? linked : dwarf_diename(die);
}

static bool
call_place(Dwarf_Die *unit, Dwarf_Die *die, const char **ret_file, int *ret_line)
{
	Dwarf_Attribute attribute;
	Dwarf_Word file, line;
	Dwarf_Files *files;
	if (dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attribute), &line) != 0 ||
	    dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attribute), &file) != 0 ||
	    dwarf_getsrcfiles(unit, &files, NULL) != 0)
		return false;
	*ret_file = dwarf_filesrc(files, file, NULL, NULL);
	*ret_line = (int)line;
	return *ret_file != NULL;
}

size_t
lines_inlined(struct lines *l, struct object *o, uint64_t vaddr, struct lines_call *calls,
    size_t max, const char **ret_file, int *ret_line)
{
	struct lines_source *s = source_of(l, o);
	Dwarf_Die unit, *places = NULL;
	size_t n = 0;

	if (!s->dwarf || !unit_of(s->dwarf, vaddr, &unit))
		return 0;
	const char *file = NULL;
	int line = 0, n_places = places_of(&unit, vaddr, &places);
	if (n_places > 0)
		line_in_unit(l, &unit, vaddr, &file, &line);
	for (int i = 0; i < n_places && n < max; i++) {
		if (dwarf_tag(&places[i]) == DW_TAG_subprogram)
			break;
		const char *name = dwarf_tag(&places[i]) == DW_TAG_inlined_subroutine ?
		    name_of(&places[i]) : NULL;
		if (!name)
			continue;
		calls[n++] = (struct lines_call){ arena_strdup(l->arena, name),
			arena_strdup(l->arena, file), line };
		file = NULL;
		line = 0;
		call_place(&unit, &places[i], &file, &line);
	}
	free(places);
	*ret_file = arena_strdup(l->arena, file);
	*ret_line = file ? line : 0;
	return n;
}

/* ---- structures ----------------------------------------------------------------------------- */

static bool
child_of(Dwarf_Die *parent, int tag, const char *name, Dwarf_Die *ret)
{
	for (int more = dwarf_child(parent, ret); more == 0; more = dwarf_siblingof(ret, ret)) {
		const char *own = dwarf_tag(ret) == tag ? dwarf_diename(ret) : NULL;
		if (own && strcmp(own, name) == 0)
			return true;
	}
	return false;
}

bool
lines_member(struct lines *l, struct object *o, const char *unit, const char *type,
    const char *member, uint32_t *ret_offset)
{
	struct lines_source *s = source_of(l, o);
	Dwarf_CU *at = NULL;
	Dwarf_Die die, structure, field;
	Dwarf_Attribute attribute;
	Dwarf_Word offset;

	while (s->dwarf && dwarf_get_units(s->dwarf, at, &at, NULL, NULL, &die, NULL) == 0) {
		const char *name = dwarf_diename(&die);
		if (!name || strcmp(name, unit) != 0 ||
		    !child_of(&die, DW_TAG_structure_type, type, &structure))
			continue;
		if (!child_of(&structure, DW_TAG_member, member, &field) ||
		    dwarf_formudata(dwarf_attr(&field, DW_AT_data_member_location, &attribute),
		        &offset) != 0)
			return false;
		*ret_offset = (uint32_t)offset;
		return true;
	}
	return false;
}

void
lines_done(struct lines *l)
{
	for (size_t i = 0; i < l->n_sources; i++) {
		dwarf_end(l->sources[i].dwarf);
		elf_end(l->sources[i].elf);
	}
}

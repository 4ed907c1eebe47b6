/* SPDX-License-Identifier: MIT */
/* lines: source file and line of an address, and which functions were inlined there, from DWARF.
 * Slow (libdw reads whole compilation
 * units), so only for what is reported. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "symbol/object.h"

struct lines_source;

struct lines {
	struct arena *arena;
	struct lines_source *sources; size_t n_sources;   /* objects opened, or found without lines */
};

bool lines_find(struct lines *l, struct object *o, uint64_t vaddr, const char **ret_file,
    int *ret_line);
/* A function whose code the compiler put into another's, and where it stands in it. */
struct lines_call { const char *name, *file; int line; };   /* raw name; file NULL unknown */

/* The inlined functions at an address, innermost first; *ret_line: of the function that they are in,
 * where it calls the outermost of them, 0 unknown. */
size_t lines_inlined(struct lines *l, struct object *o, uint64_t vaddr, struct lines_call *calls,
    size_t max, const char **ret_file, int *ret_line);
/* Where a member of a structure is, of the unit of this name (a Go package). */
bool lines_member(struct lines *l, struct object *o, const char *unit, const char *type,
    const char *member, uint32_t *ret_offset);
void lines_done(struct lines *l);

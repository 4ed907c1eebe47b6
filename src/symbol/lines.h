/* SPDX-License-Identifier: MIT */
/* lines: source file and line of an address, from DWARF. Slow (libdw reads whole compilation
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
void lines_done(struct lines *l);

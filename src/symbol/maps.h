/* SPDX-License-Identifier: MIT */
/* maps: what is mapped where in a process, out of /proc/PID/maps.
 *
 * Object files are opened as soon as they are seen, through the process's root, so that their
 * names stay known after the process has ended. One file mapped by many processes is one object
 * (same device and inode, or same build-id). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/map.h"
#include "symbol/object.h"

/* One line of /proc/PID/maps; path points into the line. */
struct maps_line {
	uint64_t start, end, offset, inode;
	unsigned device_major, device_minor;
	bool executable;
	const char *path;
	size_t path_size;
};

/* Parses the line at `text` (to '\n' or '\0'); false when it is none. */
bool maps_parse_line(const char *text, struct maps_line *ret);

struct objects {
	struct arena *arena;
	struct object **items; size_t n;
	struct map by_file, by_build_id;   /* -> index + 1; by_file also 0: tried, no ELF file */
};

/* One executable mapping of an object; an engine may map a part of itself once more elsewhere. */
struct module {
	uint64_t start, end;
	uint64_t bias;           /* address = vaddr + bias */
	struct object *object;
};

struct anonymous { uint64_t start, end; };   /* executable memory without a file: JIT code */

struct maps {
	struct module *modules; size_t n_modules;          /* sorted by start */
	struct anonymous *anonymous; size_t n_anonymous;   /* sorted */
	struct anonymous trampoline;   /* where the kernel lets functions with a return probe return to */
};

/* Objects live in the arena, and until objects_done, which closes their files. */
void objects_init(struct objects *o, struct arena *a);
void objects_done(struct objects *o);

/* Reads what `pid` maps now in place of what `m` holds; -errno leaves `m` as it was. */
int maps_read(struct maps *m, struct objects *objects, int pid);
void maps_done(struct maps *m);

/* The one whose code is at this address; NULL: none. Lives until the next maps_read. */
const struct module *maps_module(const struct maps *m, uint64_t address);
/* The same for an address in any segment of an object, its data too. Slow: one by one. */
const struct module *maps_module_of_data(const struct maps *m, uint64_t address);
bool maps_is_anonymous_code(const struct maps *m, uint64_t address);

/* SPDX-License-Identifier: MIT */
/* Where the garbage collector of a runtime begins and ends, in an object file. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "symbol/elf_view.h"

struct gc_sites {
	uint64_t function;         /* file offset for a probe pair on a whole function; 0 none */
	uint64_t kept;             /* of a function inside of it that is told the size of the heap; 0 none */
	uint64_t start, done;      /* file offsets of two marks inside one; 0 none */
	uint64_t start_gate, done_gate;   /* file offsets of the counters that switch the marks on */
};

/* V8's Heap::PerformGarbageCollection, or the marks gc__start and gc__done that CPython is built
 * with in most distributions. -ENOENT: neither. -ENOTSUP: there is one, but a probe would be too
 * dear. */
int gc_sites_find(const char *path, struct gc_sites *ret, struct err *e);

/* The marks of an ELF image (section .note.stapsdt, see SystemTap's sys/sdt.h). False: not both. */
bool gc_marks_find(const struct elf_view *v, struct gc_sites *ret);

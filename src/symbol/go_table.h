/* SPDX-License-Identifier: MIT */
/* go_table: the functions of a Go program, with files and lines, out of its .gopclntab.
 *
 * The runtime needs the table itself, so programs have it that were stripped of everything else
 * (-ldflags=-s -w). Layouts of Go 1.18 and 1.20 on (src/debug/gosym/pclntab.go). Sans-I/O: the image
 * is borrowed and may hold anything. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/elf_view.h"

struct go_table {
	const uint8_t *bytes; size_t size;   /* NULL: the object is no Go program */
	uint64_t text;                       /* that addresses count from */
	uint64_t n;                          /* functions */
	uint64_t names, units, files, pcs, functions;   /* places in the table */
	unsigned quantum;                    /* of addresses in the tables of lines */
};

bool go_table_init(struct go_table *t, const struct elf_view *v);

struct go_function { uint64_t start, end; uint64_t place; const char *name; };

/* The i-th function in order of address; false when the table is broken there. */
bool go_table_function(const struct go_table *t, uint64_t i, struct go_function *ret);

/* File and line of an address; false unknown. The file's text is the table's. */
bool go_table_line(const struct go_table *t, uint64_t vaddr, const char **ret_file, int *ret_line);

/* Is a function of the program's own packages, neither of the standard library nor of a module that
 * it requires? By its name and by what the build left in the program. */
bool go_is_application(const struct elf_view *v, const char *function);

/* SPDX-License-Identifier: MIT */
/* object: one ELF file that some process maps: its functions and data by address, its unwind
 * tables, its separate debug file. Everything is read at the first question that needs it; the
 * symbol arrays are sorted once (150 k functions: some 30 ms) and searched by halving. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "symbol/cfi.h"
#include "symbol/elf_view.h"
#include "symbol/go_table.h"

struct object_symbol {
	uint32_t start, size;   /* from view.first_vaddr */
	uint32_t name;          /* byte of the image, or of the debug image */
	uint8_t rank;           /* among names of one address: lowest is best */
	bool in_debug;
};

struct object_symbols {
	struct object_symbol *items;
	size_t n;
};

struct object {
	uint32_t id;
	const char *path;       /* as the process that was seen first maps it */
	const char *name;       /* file name, or "[vdso]" */
	int root_pid;           /* whose root the path was resolved in */
	struct elf_view view;
	bool mapped;            /* view.image is our own map */
	bool debug_tried;
	struct elf_view debug;  /* image NULL: none */
	const char *debug_path;
	struct go_table go;     /* bytes NULL: no Go program */
	bool cfi_ready, functions_ready, data_ready;
	struct cfi cfi;
	unsigned looks;             /* since its pages were given back */
	struct object_symbols functions, data;
};

/* From an open file, which stays the caller's; NULL when it is no ELF file. */
struct object *object_open(struct arena *a, int fd, const char *path, int root_pid);
/* From memory that outlives the object. */
struct object *object_from_memory(struct arena *a, const void *image, size_t size,
    const char *name);
void object_done(struct object *o);

/* The function or data symbol that covers an address; NULL when none does. */
const struct object_symbol *object_function(struct object *o, struct arena *a, uint64_t vaddr);
const struct object_symbol *object_data(struct object *o, struct arena *a, uint64_t vaddr);
enum object_kind { OBJECT_FUNCTIONS, OBJECT_DATA };

/* Each symbol whose name begins with `prefix`, by the rest of its name; the exported ones, or where
 * none of them does, all. */
void object_exports(const struct object *o, enum object_kind kind, const char *prefix,
    void (*fn)(void *ctx, const char *name, uint64_t vaddr), void *ctx);

/* Address of a function or data symbol by its raw name, in .dynsym or .symtab. */
bool object_by_name(const struct object *o, enum object_kind kind, const char *name,
    uint64_t *ret_vaddr);
/* A symbol's raw name, NULL when broken. */
const char *object_symbol_name(const struct object *o, const struct object_symbol *s);

bool object_cfi(struct object *o, uint64_t vaddr, struct cfi_row *ret, uint64_t *ret_start);

/* Looks for the separate debug file once; true when there is one. */
bool object_find_debug(struct object *o, struct arena *a);

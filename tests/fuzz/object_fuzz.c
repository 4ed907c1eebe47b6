/* SPDX-License-Identifier: MIT */
/* An ELF file of unknown origin: its symbols, notes and unwind tables. */
#include <stddef.h>
#include <stdint.h>

#include "symbol/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct object *o = object_from_memory(a, data, size, "fuzzed");
	if (o) {
		uint64_t step = (o->view.end_vaddr - o->view.first_vaddr) / 16 + 1, start, vaddr;
		struct cfi_row row;
		uint32_t crc;
		for (int i = 0; i < 16; i++) {
			uint64_t at = o->view.first_vaddr + step * (uint64_t)i;
			const struct object_symbol *f = object_function(o, a, at);
			if (f)
				object_symbol_name(o, f);
			object_data(o, a, at);
			object_cfi(o, at, &row, &start);
			elf_view_offset(&o->view, at, &vaddr);
			elf_view_vaddr(&o->view, at, &vaddr);
		}
		object_by_name(o, OBJECT_FUNCTIONS, "main", &vaddr);
		elf_view_debuglink(&o->view, &crc);
		object_done(o);
	}
	arena_free(a);
	return 0;
}

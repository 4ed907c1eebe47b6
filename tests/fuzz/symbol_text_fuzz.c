/* SPDX-License-Identifier: MIT */
/* Lines of maps, perf maps and kallsyms, and linkers' names. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/demangle.h"
#include "symbol/kallsyms.h"
#include "symbol/maps.h"
#include "symbol/perf_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct perf_map m = { .arena = a };
	struct perf_map_name name;
	struct kallsyms k = { 0 };
	struct maps_line line;
	uint64_t start;
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	maps_parse_line(text, &line);
	perf_map_add_text(&m, text, size);
	perf_map_sort(&m);
	for (size_t i = 0; i < m.n; i++) {
		perf_map_find(&m, m.items[i].start, &start);
		perf_map_parse_name(a, m.items[i].name, &name);
	}
	kallsyms_add_line(&k, text);
	kallsyms_sort(&k);
	kallsyms_find(&k, UINT64_MAX);
	demangle(a, text);
	perf_map_done(&m);
	kallsyms_done(&k);
	free(text);
	arena_free(a);
	return 0;
}

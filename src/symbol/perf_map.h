/* SPDX-License-Identifier: MIT */
/* perf_map: functions that a JIT compiler made, as it lists them in /tmp/perf-PID.map.
 *
 * "START SIZE name" a line, hexadecimal, only ever appended to; code moves, so of overlapping
 * entries the last one counts. The process names the file by its own pid. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"

struct perf_map_entry {
	uint64_t start;
	uint32_t size, order;
	const char *name;
};

struct perf_map {
	struct arena *arena;     /* of the names */
	struct perf_map_entry *items; size_t n, allocated;
	uint64_t read_bytes;     /* of the file, until its last whole line */
};

/* Parses whole lines of text; returns how many bytes were used. perf_map_sort comes after. */
size_t perf_map_add_text(struct perf_map *m, const char *text, size_t size);
void perf_map_sort(struct perf_map *m);

/* Reads what was added to the map of `pid` since the last time; true when there was something. */
bool perf_map_read(struct perf_map *m, struct arena *a, int pid);

/* Name of the code at an address, NULL unknown; *ret_start identifies the entry. */
const char *perf_map_find(const struct perf_map *m, uint64_t address, uint64_t *ret_start);
void perf_map_done(struct perf_map *m);

/* What a name says: "JS:*score /app/shop.js:12:5" is function score in line 12 of that file. */
struct perf_map_name {
	const char *function, *file, *language;   /* file may be NULL; language NULL: not said */
	int line;
	bool application;   /* not the engine's own code nor its library */
};
void perf_map_parse_name(struct arena *a, const char *name, struct perf_map_name *ret);

/* SPDX-License-Identifier: MIT */
/* process: what is known of one process, and the state of the whole folder. Internal to symbol/. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/map.h"
#include "symbol/cfi.h"
#include "symbol/hotspot.h"
#include "symbol/kallsyms.h"
#include "symbol/lines.h"
#include "symbol/maps.h"
#include "symbol/perf_map.h"
#include "symbol/symbol.h"

struct process {
	int pid;
	struct maps maps;
	int64_t maps_read_ns;       /* of the last attempt; 0: never */
	const char *exe_path;       /* NULL unknown */
	const char *runtime;        /* language of its JIT code: javascript java python native */
	bool interpreter;           /* runs scripts: its own functions are no application */
	struct perf_map perf_map;
	int64_t perf_map_read_ns;
	struct hotspot *hotspot;    /* NULL: no Java machine, or one that cannot be read */
	int hotspot_tries;
	const char *hotspot_why;    /* it cannot be read */
};

/* Rows of addresses that were unwound before; one slot an address, the last one wins. */
struct unwind_cached {
	uint64_t vaddr;
	uint32_t object;            /* id + 1; 0: empty */
	bool found;
	struct cfi_row row;
};
#define UNWIND_CACHE_SLOTS 8192u

struct symbols {
	struct arena *arena;
	struct objects objects;
	struct map by_pid;          /* -> struct process * */
	struct map by_symbol;       /* -> struct symbol *: names that were made before */
	struct unwind_cached *unwind_cache;
	struct kallsyms kallsyms;
	struct lines lines;
	struct symbol_list made;    /* see SYMBOL_MADE */
	bool kallsyms_read;
	uint64_t (*original_return)(void *ctx, int pid, uint64_t slot);
	void *original_ctx;
	symbols_frame_fn name_frame;
	void *frame_ctx;
};

/* Made and read on first use; never NULL. */
struct process *process_get(struct symbols *s, int pid);

/* Reads the maps again unless that was done less than 100 ms ago. True when it was done. */
bool process_refresh(struct symbols *s, struct process *p);

/* Module of an address, after a refresh when the address is unknown. NULL: none. */
const struct module *process_module(struct symbols *s, struct process *p, uint64_t address);

/* SPDX-License-Identifier: MIT */
/* hotspot_code: what the code at an address of a Java machine's code cache is: whose frame, how
 * big, and which methods the compiler put into it.
 *
 * The code cache is some heaps of blobs; a byte for each segment of a heap leads back to where its
 * blob begins (share/memory/heap.cpp). A blob knows the size of its frames (share/code/codeBlob.hpp)
 * and, for a compiled method, which calls were inlined at each place where it can be stopped
 * (pcDesc.hpp, scopeDesc.cpp). The machine moves on meanwhile: everything is checked, nothing
 * believed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/hotspot_layout.h"

enum { HOTSPOT_HEAPS_MAX = 8, HOTSPOT_BLOB_NAME = 40 };

struct hotspot_heap { uint64_t low, high, segments; uint32_t log2_segment; };

struct hotspot_cache {
	const struct hotspot_layout *layout;
	const struct hotspot_memory *memory;
	struct hotspot_heap heaps[HOTSPOT_HEAPS_MAX];
	size_t n_heaps;
};

enum hotspot_kind { HOTSPOT_COMPILED, HOTSPOT_INTERPRETED, HOTSPOT_STUB };

struct hotspot_code {
	enum hotspot_kind kind;
	uint64_t blob, begin;        /* of the blob; of its instructions */
	int32_t frame_words;         /* with the return address; 0: no fixed size */
	int32_t frame_complete;      /* bytes of instructions until the frame stands */
	uint64_t method;             /* of compiled code; 0 */
	char name[HOTSPOT_BLOB_NAME];
};

/* 0 or -EIO: the machine is not up yet. */
int hotspot_cache_read(struct hotspot_cache *c, const struct hotspot_layout *l,
    const struct hotspot_memory *m);
bool hotspot_cache_covers(const struct hotspot_cache *c, uint64_t pc);
bool hotspot_code_at(const struct hotspot_cache *c, uint64_t pc, struct hotspot_code *ret);

/* One call: the method and the byte code in it; bci -1 unknown. */
struct hotspot_call { uint64_t method; int32_t bci; };

/* The calls that the compiled code at `pc` stands for, innermost first: at least the compiled method
 * itself. `exact`: pc is where execution was, no return address. */
size_t hotspot_calls_at(const struct hotspot_cache *c, const struct hotspot_code *code, uint64_t pc,
    bool exact, struct hotspot_call *calls, size_t max);

/* A number of HotSpot's compressed streams (share/utilities/unsigned5.hpp): bytes of 6 bits each while
 * they are large; from version 20 on no byte is 0. Advances *at; 0 at the end. */
uint32_t hotspot_number(int version, const uint8_t *bytes, size_t size, size_t *at);

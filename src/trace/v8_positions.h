/* SPDX-License-Identifier: MIT */
/* v8_positions: decoders of what V8 keeps of a function's place in its source. Pure; the words and
 * bytes were read from another process and may be anything. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define V8_IS_SMALL(word)  (((word) & 1) == 0)            /* a small integer, in the upper half */
#define V8_IS_OBJECT(word) (((word) & 3) == 1)            /* a pointer to a heap object, plus 1 */
#define V8_SMALL(word)     ((int32_t)((int64_t)(word) >> 32))

/* Of a ScopeInfo (V8 src/objects/scope-info.tq): words behind its map. */
struct v8_scope {
	uint64_t name, inferred_name;   /* String objects; 0 none */
	int32_t start, end;             /* in the script, characters; end 0 unknown */
};

/* Words of a ScopeInfo to read to see all that is wanted. */
#define V8_SCOPE_WORDS_MAX 176

/* `first`, `locals`: layout.scope_first, scope_locals. False when the words make no sense. */
bool v8_scope_parse(const uint64_t *words, size_t n, int first, int locals, struct v8_scope *ret);

/* A position that the compiler kept for an instruction (V8 src/codegen/source-position.h). */
struct v8_position {
	int32_t offset;    /* in the script, characters; -1 unknown */
	int inlining;      /* 0: of the function itself; else a number in its inlining positions, from 1 */
};
struct v8_position v8_position_unpack(uint64_t packed);

/* Of a source position table (V8 src/codegen/source-position-table.cc): the position of the last
 * entry at or before `offset`; 0 when there is none. */
uint64_t v8_position_find(const uint8_t *table, size_t size, uint64_t offset);

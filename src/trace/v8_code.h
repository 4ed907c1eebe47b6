/* SPDX-License-Identifier: MIT */
/* v8_code: which functions were inlined into an optimised one at an instruction. */
#pragma once

#include "trace/v8_heap.h"

#define V8_INLINED_MAX 16

/* Since V8 13 a function names its Code by a number, of an entry in a table of the process. The
 * Code when a table with this one begins at `base`, else 0. */
uint64_t v8_code_dispatched(struct v8_heap *h, uint64_t base, uint32_t handle);

/* For the Code that a function runs now and an address: the inlined functions there, innermost
 * first; 0 when nothing was inlined, the address is of other code, or it cannot be read. */
size_t v8_code_inlined(struct v8_heap *h, uint64_t code, uint64_t address,
    const struct v8_function *ret[V8_INLINED_MAX]);

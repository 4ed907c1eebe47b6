/* SPDX-License-Identifier: MIT */
/* v8_script: strings and scripts of a V8 heap: which file a function is of, and in which line. */
#pragma once

#include "trace/v8_heap.h"

/* Fills file, line and application of `ret` for a place in a Script object; `offset` -1: no
 * line. */
void v8_script_place(struct v8_heap *h, uint64_t script, int32_t offset, struct v8_function *ret);

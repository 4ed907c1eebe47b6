/* SPDX-License-Identifier: MIT */
/* inlined: gives the functions back their frames whose code the compiler put into their callers.
 *
 * DWARF is slow to read, so this is done for the addresses of the program that most samples stand on,
 * within a bound of time; the other stacks stay as they are. */
#pragma once

#include "trace/stacks.h"

/* `counts`: samples of each stack. Before anything is summed up by function. */
void inlined_expand(struct stacks *s, const int64_t *counts);

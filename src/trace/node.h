/* SPDX-License-Identifier: MIT */
/* node: the JavaScript functions in the stacks of Node.js processes, without a flag, a port or a
 * stop.
 *
 * V8's frames keep their function below the frame pointer. While a stack is unwound
 * (symbols_unwind) each frame of its code is looked up in the copy of the stack, and the function's
 * objects are read from the living heap by process_vm_readv. Optimised code that other functions
 * were inlined into gives a frame for each of them. A function that the collector moves just then
 * is counted as torn. */
#pragma once

#include <stdint.h>
#include "base/err.h"
#include "symbol/symbol.h"
#include "trace/stacks.h"

struct nodes;

struct nodes_counts {
	int64_t frames;        /* of V8's code with a function in them */
	int64_t torn;          /* of these: not to be read */
	bool coarse;           /* of one process inlined functions count as their callers */
};

/* Names frames for `symbols` from now on, as frames of `stacks`; both outlive it. */
struct nodes *nodes_new(struct symbols *symbols, struct stacks *stacks);
void nodes_free(struct nodes *n);   /* accepts NULL */

/* -ENOENT: runs no V8. -ENOTSUP: a build that does not tell its layout. -EPERM, -EACCES: its memory
 * may not be read. */
int nodes_add(struct nodes *n, int pid, struct err *e);
void nodes_counts(const struct nodes *n, struct nodes_counts *ret);

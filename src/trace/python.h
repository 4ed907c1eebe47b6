/* SPDX-License-Identifier: MIT */
/* python: the Python functions that a CPython process runs, read from outside without stopping it.
 *
 * Follows _PyRuntime -> interpreter -> thread states -> frames by process_vm_readv. The process
 * moves meanwhile: every pointer and type is checked, and a stack that does not add up is dropped.
 * Offsets inside the interpreter's structures are a table, one row a version that was verified.
 * One thread at a time for each struct python. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "trace/task_place.h"

struct python;

struct python_frame {
	const char *function;  /* "Cart.score": qualified where the version knows it */
	const char *file;      /* as the interpreter has it, usually absolute */
	int line;              /* being executed */
	bool application;      /* not of the standard library, nor an installed package */
};

#define PYTHON_FRAMES_MAX 128

/* -ENOENT: no CPython; -ENOTSUP: a version without offsets; -EPERM/-EACCES: may not be read. */
int python_open(int pid, struct python **ret, struct err *e);
void python_close(struct python *p);   /* accepts NULL */

/* The frames of a thread (host's thread id), leaf first; how many, 0 when it runs no Python or
 * the read was torn. The strings live as long as `p`. */
size_t python_stack(struct python *p, int tid, struct python_frame *frames, size_t max);

/* The same of frames that were read before, PYTHON_FRAMES_MAX at most, while what they run is still there. */
size_t python_name(struct python *p, const struct python_raw *frames_read, size_t n_read, struct python_frame *frames);

/* Where the collector finds the frames of a thread; false when it runs no Python. */
bool python_place(struct python *p, int tid, struct python_place *ret);

/* SPDX-License-Identifier: MIT */
/* v8_heap: functions of a V8 heap, read from outside while it lives and moves.
 *
 * A frame names its JSFunction, that its SharedFunctionInfo, that the ScopeInfo with name and place
 * and the Script with file and text. Types are checked on the way: what does not add up was just
 * being moved by the collector, or is no function. What was read is kept by the
 * SharedFunctionInfo's address and compared at each use; those rarely move. Memory is read by a
 * function, so tests bring their own. One thread at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/map.h"
#include "trace/v8_layout.h"

/* False when not all bytes can be read. */
typedef bool (*v8_read_fn)(void *ctx, uint64_t address, void *out, size_t size);

struct v8_function {
	const char *name;          /* "(anonymous) shop.js:12" when it has none, "<module>" of a file */
	const char *file;          /* a path, or "node:internal/timers"; NULL unknown */
	int line;                  /* where it begins; 0 unknown */
	bool application;          /* not the runtime's own, nor of an installed package */
	bool builtin;              /* of V8 itself: no script */
};

struct v8_heap {
	const struct v8_layout *layout;
	v8_read_fn read;
	void *ctx;
	struct arena *arena;       /* of the names */
	struct map types;          /* a Map's address -> its instance type */
	struct map functions;      /* SharedFunctionInfo -> struct known_function * */
	struct map scripts;        /* Script -> struct known_script * */
	struct map codes;          /* Code -> struct known_code * */
};

void v8_heap_init(struct v8_heap *h, const struct v8_layout *layout, v8_read_fn read, void *ctx);
void v8_heap_done(struct v8_heap *h);

/* The instance type of a heap object, -1 when it is none. */
int v8_heap_type(struct v8_heap *h, uint64_t object);

/* Of a SharedFunctionInfo. NULL: it could not be read. Lives as long as `h`. */
const struct v8_function *v8_heap_function(struct v8_heap *h, uint64_t shared);

/* A JSFunction's SharedFunctionInfo and Code; false when it cannot be read. */
bool v8_heap_closure(const struct v8_heap *h, uint64_t function, uint64_t *ret_shared,
    uint64_t *ret_code);

/* A string as UTF-8, cut at `max` - 1 bytes; false when it is none. */
bool v8_heap_text(struct v8_heap *h, uint64_t string, char *out, size_t max);

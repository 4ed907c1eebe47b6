/* SPDX-License-Identifier: MIT */
/* stacks: each distinct call stack once, and the names of its frames.
 *
 * Stacks are kept as addresses, leaf first, while the service runs, and named at the end, each
 * address once. Frames of interpreters come as names already. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "symbol/symbol.h"
#include "trace/python.h"

#define STACK_FRAMES_MAX 128

struct frame {
	const char *name, *module, *language;
	const char *file;
	int line;
	uint64_t ip;               /* 0: a frame of an interpreter */
	bool application, named;
};

struct stack {
	int pid;
	uint32_t n;
	const uint64_t *frames;    /* leaf first */
	bool rooted;
};

struct stacks {
	struct arena *arena;
	struct symbols *symbols;
	struct stack *items;       size_t n;          /* [0] is the empty stack */
	struct frame *scripts;     size_t n_scripts;
	struct map ids, script_ids, named;
	struct frame **frames;     size_t n_frames;   /* named so far */
	size_t user_frames, user_named;
};

/* `symbols` is borrowed, and outlives it. */
void stacks_init(struct stacks *s, struct symbols *symbols);
void stacks_done(struct stacks *s);

/* Number of a stack made of these parts, leaf first. */
uint32_t stacks_add(struct stacks *s, int pid, const uint64_t *kernel, size_t n_kernel,
    const uint64_t *user, size_t n_user, const struct python_frame *script, size_t n_script,
    bool rooted);

/* A frame that an interpreter or engine names itself: its number may stand among `user`
 * addresses. */
struct script_frame {
	const char *function, *file, *language;   /* file may be NULL */
	int line;
	bool application;
};
uint64_t stacks_script(struct stacks *s, const struct script_frame *f);

/* The i-th frame from the leaf, named. The strings live as long as `s`. */
const struct frame *stacks_frame(struct stacks *s, uint32_t stack, size_t i);

/* The innermost function of the service's own program; the innermost named user function when
 * there is none; NULL for an empty stack. */
const struct frame *stacks_own_frame(struct stacks *s, uint32_t stack);

/* Does a function of this name stand in the stack? */
bool stacks_contains(struct stacks *s, uint32_t stack, const char *name);

/* SPDX-License-Identifier: MIT */
/* hotspot: Java frames of a running machine (HotSpot: OpenJDK and its kin), read from outside.
 *
 * Compiled Java code keeps no frame pointer and no .eh_frame, and its names are nowhere but in the
 * machine's memory. Both are read there with process_vm_readv, through the description that the
 * machine exports for debuggers: nothing is sent to the process, nothing started or written in it,
 * no thread is stopped. Needs the right to read its memory (as ptrace would). Frames are made into
 * symbols at once, while the code is still where it was.
 *
 * The machine's own recorder (JFR, over its attach protocol) would tell the same of running code, yet
 * has to be started in the service, costs it a second of computing and is refused by some: prony leaves
 * the service alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "symbol/hotspot_code.h"
#include "symbol/maps.h"
#include "symbol/symbol.h"

struct hotspot;

/* Symbols made while unwinding; all processes share the list. The first stands for all that could not
 * be named. */
struct symbol_list { struct arena *arena; struct symbol *items; size_t n; };

/* `libjvm`: its module in the process. 0; -ENOTSUP a version that does not say enough; -EPERM;
 * -EIO not up yet. */
int hotspot_open(struct hotspot **ret, int pid, const struct module *libjvm, struct symbol_list *made,
    struct err *e);
/* The same over other memory, for tests. */
int hotspot_open_memory(struct hotspot **ret, const struct hotspot_memory *m, uint64_t structs,
    uint64_t types, struct symbol_list *made, struct err *e);
void hotspot_free(struct hotspot *h);   /* accepts NULL */

bool hotspot_covers(const struct hotspot *h, uint64_t pc);

/* A frame whose code hotspot_covers, and the copy of the stack that it is on. */
struct hotspot_frame {
	uint64_t ip, sp, bp;
	bool exact;              /* ip is where execution was; else a return address */
	const uint8_t *stack;
	uint64_t stack_start, stack_size;
	bool (*is_code)(void *ctx, uint64_t ip);   /* may a return address be this? */
	void *ctx;
};

/* Places in the list of made symbols for the calls in this frame, innermost first. */
size_t hotspot_names(struct hotspot *h, const struct hotspot_frame *f, uint32_t *ret, size_t max);

/* Replaces ip, sp and bp by the caller's; false when the copy of the stack ends before it. */
bool hotspot_step(struct hotspot *h, struct hotspot_frame *f);

/* SPDX-License-Identifier: MIT */
/* Who else uses the host's CPUs: processes that are neither the service nor prony, between two looks at
 * /proc, added up by the name of their command. One thread at a time. */
#pragma once

#include "observe/tree.h"
#include "run/run.h"

struct look {                   /* at all processes but the kernel's own */
	struct proc_stat *items;
	size_t n, capacity;
	struct map by_pid;      /* -> index */
	int64_t at_ns;          /* 0: not yet */
};

struct neighbours {
	struct look before, after;
	struct neighbour *items;
	size_t n, capacity;
};

void neighbours_begin(struct neighbours *n);
void neighbours_end(struct neighbours *n, const struct tree *service);
/* The busiest of them, and the service's peers, into r->system.neighbours; nothing when there were
 * no two looks. */
void neighbours_write(const struct neighbours *n, struct run *r);
void neighbours_done(struct neighbours *n);

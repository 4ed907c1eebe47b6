/* SPDX-License-Identifier: MIT */
/* Who else uses the host's CPUs: processes that are neither the service nor prony, between two looks at
 * /proc, added up by the name of their command. One thread at a time. */
#pragma once

#include "observe/tree.h"
#include "run/run.h"

struct neighbours {
	struct map before;              /* pid -> ticks at the first look */
	struct neighbour *items;        /* at the second */
	size_t n, capacity;
	int64_t from_ns, to_ns;
};

void neighbours_begin(struct neighbours *n);
void neighbours_end(struct neighbours *n, const struct tree *service);
/* The busiest of them into r->system.neighbours; nothing when there were no two looks. */
void neighbours_write(const struct neighbours *n, struct run *r);
void neighbours_done(struct neighbours *n);

/* SPDX-License-Identifier: MIT */
/* A tree of processes: the service's, with everything that they fork.
 *
 * Members are never prony itself nor what hangs below it. CPU time and faults of children that
 * were waited for are in their parent's figures, so sums over members go on when a child ends.
 * One thread at a time. */
#pragma once

#include "base/map.h"
#include "base/proc_text.h"

#define TREE_MAX 1024           /* members; more are left out */

struct tree {
	struct proc_stat *members;
	size_t n, capacity;
	bool full;              /* some were left out */
	struct map seen;        /* pid -> scan in which it was last there */
	uint64_t scan;
};

void tree_done(struct tree *t);

/* Add one process; false when there is no such process (or it is prony). */
bool tree_add(struct tree *t, int pid);

/* Add all descendants of the members that came since the last scan. */
void tree_scan(struct tree *t);

/* Read the members' figures again and forget those that are gone. */
void tree_read(struct tree *t);

/* NULL: no member. Lives until the next scan or read. */
const struct proc_stat *tree_find(const struct tree *t, int pid);

/* /proc/PID/stat; false when it is gone. */
bool proc_stat_read(int pid, struct proc_stat *ret);

/* Call `visit` for each number-named folder of /proc until it returns false. */
void proc_each(bool (*visit)(void *ctx, int pid), void *ctx);

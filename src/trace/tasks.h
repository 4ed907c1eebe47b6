/* SPDX-License-Identifier: MIT */
/* tasks: tells the collector where the coroutines and goroutines of the service's processes are.
 *
 * One thread at a time. Reads memory of Python processes; without the right to, or with a version
 * whose frames are not known, their calls are linked as those of any loop. */
#pragma once

#include "base/map.h"
#include "trace/collect.h"

struct tasks {
	struct collect *collect;
	struct arena *arena;
	struct map pythons;        /* pid -> struct python * */
	struct map threads;        /* tids that the collector knows */
};

void tasks_init(struct tasks *t, struct collect *collect);
void tasks_done(struct tasks *t);
/* runtime: as in run_process, or NULL */
void tasks_see(struct tasks *t, int pid, const char *runtime);
void tasks_see_threads(struct tasks *t);                         /* that came since */

/* SPDX-License-Identifier: MIT */
/* Counters that the kernel keeps by thread, added up over threads that come and go. */
#pragma once

#include "observe/tree.h"

#define THREAD_VALUES 2

struct thread_sums {
	struct map last;                /* (thread, which) -> value of the pass before */
	bool primed;
	double total[THREAD_VALUES];    /* gained since the first pass */
	size_t seen;                    /* threads read in the last pass */
};

/* `read` gives a thread's counters, false when it is gone or may not be seen. */
void thread_sums_step(struct thread_sums *t, const struct tree *tree,
    bool (*read)(int pid, int tid, uint64_t values[THREAD_VALUES]));
void thread_sums_done(struct thread_sums *t);

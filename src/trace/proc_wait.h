/* SPDX-License-Identifier: MIT */
/* proc_wait: what a sleeping thread waits for, from its system call as /proc shows it: for those who
 * may not trace. Reads memory of the process where a call's arguments stand there; stops nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/proc_text.h"
#include "run/run.h"
#include "trace/proc_sockets.h"

struct proc_wait {
	enum run_part_kind kind;   /* PART_NONE: for work */
	bool unsure;               /* a futex that may be a lock as well as a queue of work: ask the stack */
	uint64_t key;              /* address of the futex */
	char where[96];            /* peer, file; "" unknown */
};

/* `state`: letter of /proc/PID/task/TID/stat, S or D. `now`: CLOCK_MONOTONIC ns. */
struct proc_wait proc_wait_of(struct proc_sockets *sockets, int pid, const struct proc_call *c, char state,
    int64_t now);

/* What an unsure futex is by the name of a function on its stack: PART_LOCK for the takers of locks,
 * PART_SLEEP for sleepers, PART_NONE for waiters for work, PART_OTHER when the name says nothing. */
enum run_part_kind proc_wait_named(const char *function);

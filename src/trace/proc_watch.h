/* SPDX-License-Identifier: MIT */
/* proc_watch: what each thread does, from /proc alone; the rung for hosts without BPF.
 *
 * CPU and run-queue time come from the kernel's own counters, so they are exact; what a thread is
 * blocked in is sampled: its state and, where that may be read, its system call, and its stack,
 * copied without stopping it. Of Python also what runs is sampled. One thread at a time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "run/run.h"
#include "trace/intake.h"

struct proc_watch;

/* Stacks of what waits are added to in->waits at the end. functions: also those that run, where they can be read. */
struct proc_watch *proc_watch_new(struct intake *in, const struct run *r, bool functions);
void proc_watch_tick(struct proc_watch *w, const int *pids, size_t n_pids, int64_t now);
/* r->evidence.trace.threads, .states, .waits, .calls and .pieces. */
void proc_watch_fill(struct proc_watch *w, struct run *r, int64_t now);
void proc_watch_free(struct proc_watch *w);   /* accepts NULL */

/* May the system calls of this process be read? */
bool proc_watch_may(int pid);

/* SPDX-License-Identifier: MIT */
/* proc_watch: how busy each thread is, from /proc alone; the rung for hosts without BPF.
 *
 * CPU and run-queue time come from the kernel's own counters, so they are exact; what a thread
 * was blocked in is sampled from its state and, where that may be read, its system call. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "run/run.h"

struct proc_watch;

struct proc_watch *proc_watch_new(void);
void proc_watch_tick(struct proc_watch *w, const int *pids, size_t n_pids, int64_t now);
void proc_watch_fill(struct proc_watch *w, struct run *r, int64_t now);
void proc_watch_free(struct proc_watch *w);   /* accepts NULL */

/* SPDX-License-Identifier: MIT */
/* proc_python: the Python functions that threads on CPU are in, read as often as /proc is looked at: for those who
 * may not sample. Threads that wait for a CPU count too. What moved while it was read is of no function. One thread
 * at a time. */
#pragma once

#include <stdint.h>

#include "trace/intake.h"

struct proc_python;

/* Samples go to `in`, which must outlive it. */
struct proc_python *proc_python_new(struct intake *in);
void proc_python_free(struct proc_python *p);   /* accepts NULL */

/* A thread that could run at `now`, CLOCK_MONOTONIC ns. */
void proc_python_look(struct proc_python *p, int pid, int tid, int64_t now);

/* How many looks found functions. */
int64_t proc_python_taken(const struct proc_python *p);

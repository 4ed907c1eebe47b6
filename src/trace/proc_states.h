/* SPDX-License-Identifier: MIT */
/* proc_states: how many threads of the service wait for what, on average: sums of what proc_wait says
 * of each of them, each time that it is looked at. Bounded memory. One thread at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/proc_text.h"
#include "run/run.h"
#include "trace/intake.h"

struct proc_states;

struct proc_states *proc_states_new(struct intake *in);
void proc_states_free(struct proc_states *s);   /* accepts NULL */

/* A thread was seen in this call; it stands for so many threads. True: it did not wait for work. */
bool proc_states_add(struct proc_states *s, int pid, int tid, const struct proc_call *call, char state,
    size_t stands_for, int64_t now);

/* To r->evidence.trace.states, and stacks for the flame graph of waits, after so many looks in these
 * seconds. */
void proc_states_fill(struct proc_states *s, struct run *r, int64_t looks, double seconds);
/* The row of r->evidence.trace.states for this, made where there is none. */
struct run_state *proc_state(struct run *r, enum run_part_kind kind, const char *where);
/* At the end: what hardly counts is left out, the rest in order; locks to .waits. */
void proc_states_settle(struct run *r, double seconds);

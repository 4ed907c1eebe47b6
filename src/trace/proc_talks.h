/* SPDX-License-Identifier: MIT */
/* proc_talks: how long the service waits for its peers, how often it asks them and connects to them, from
 * what the kernel counts of each connection: for those who may not trace.
 *
 * So the waits of an event loop are seen, in which no thread sleeps. Connections of prony's own network
 * namespace only; looking costs 5 % of a core at most. Bounded memory. One thread at a time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "run/run.h"

struct proc_talks;

struct proc_talks *proc_talks_new(const struct run *r);
void proc_talks_free(struct proc_talks *t);   /* accepts NULL */

/* Looks at every connection of these processes once. `now`: CLOCK_MONOTONIC ns. */
void proc_talks_look(struct proc_talks *t, const int *pids, size_t n_pids, int64_t now);

/* Threads that wait for the peers, and who waits without a thread: r->evidence.trace.states, of which there
 * may be some already; .calls, and .pieces of the service's own answers. Looked for so many seconds. */
void proc_talks_fill(struct proc_talks *t, struct run *r, double seconds);

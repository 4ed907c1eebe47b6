/* SPDX-License-Identifier: MIT */
/* task_waits: what the goroutines that serve requests waited for, by samples.
 *
 * A goroutine that waits keeps no thread, so nothing of it is seen in the kernel. Of a request's time
 * in which no thread worked for it, each kind of wait gets the part that it has among the samples
 * taken meanwhile of all goroutines that serve requests: right on average over many requests, not for
 * one alone. */
#pragma once

#include "trace/paint.h"

struct intake;

/* The samples as waits with stacks, for the names of locks and the flame graph, and the locks that
 * they tell of. After assemble(), before anything is painted. `period`: one stands for it, ns. */
void task_waits_settle(struct intake *in, struct assembly *a, int64_t period);

/* Paints [from, to] of a request; false when nothing was sampled then. */
bool task_waits_paint(const struct assembly *a, int pid, int64_t from, int64_t to, struct canvas *c);

/* The whole of it as a wait for the lock that at least half of them were at; false when none is. */
bool task_waits_paint_lock(const struct assembly *a, int pid, int64_t from, int64_t to, struct canvas *c);

/* Without the collector: how many of them were found at what, on average, to r->evidence.trace.states. */
void task_waits_states(struct intake *in, struct run *r, int64_t looks);

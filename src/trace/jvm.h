/* SPDX-License-Identifier: MIT */
/* jvm: when the collector of a Java machine held the service up.
 *
 * The machine writes begin and end of its last collection into its file of counters (hsperf.h), in
 * ticks of its own since it started. A thread of prony's looks there every few milliseconds: a
 * collection that ended since the last look gives a pause, and bounds what the ticks are on our
 * clock. Nothing is asked of the machine. A collection between two others within one look is counted
 * in the totals and not seen as a pause. */
#pragma once

#include "run/run.h"
#include "trace/tape.h"

struct jvm;

struct jvm *jvm_new(void);
void jvm_free(struct jvm *j);               /* accepts NULL */

/* Watches a process from jvm_start on when it is a Java machine that has such a file. */
void jvm_add(struct jvm *j, int pid);

/* Begin and end to look, by a thread of its own; without one, or without a Java machine, nothing is seen. */
void jvm_start(struct jvm *j);
void jvm_stop(struct jvm *j);

/* Pauses onto the tape; collections to r->evidence.trace.gc. After jvm_stop. */
void jvm_fill(const struct jvm *j, struct tape *t, struct run *r);

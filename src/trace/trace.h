/* SPDX-License-Identifier: MIT */
/* trace: looks inside the service while it works: on-CPU stacks, waits with their reason and
 * who ended them, requests at the system-call border, statements of embedded databases.
 *
 * A ladder: BPF (everything), perf events (on-CPU stacks), /proc (thread states). trace_open
 * takes the highest rung that this host and user allow and names in r->eyes what is lost. It
 * changes nothing in the service and stops no thread of it. */
#pragma once

#include "base/err.h"
#include "run/run.h"

struct trace;

struct trace_options {
	int ceiling;            /* 0: best rung; 1: no BPF; 2: only /proc; 3: nothing (tests, --no-trace) */
	double sample_hz;       /* on-CPU samples per second and CPU; 0: 199 */
	int64_t budget_events;  /* events kept per run; 0: preset. Beyond it windows are traced */
};

/* Attach to the processes of r->system, before load starts. Adds to r->eyes. */
int trace_open(struct run *r, const struct trace_options *o, struct trace **ret, struct err *e);

/* Some probes cost a request microseconds, so that a service holds less with them than without. They are
 * away until trace_start, but in a rehearsal. False: it needs none. */
bool trace_leave_dear(struct trace *t);
/* From begin to end, before trace_start, the service bears what a window of tracing costs it; nothing is
 * kept. Then it bears nothing of it. */
int trace_rehearse_begin(struct trace *t, struct err *e);
void trace_rehearse_end(struct trace *t);

/* Measure from here to trace_stop. Draining happens in a thread of its own. */
int trace_start(struct trace *t, struct err *e);

/* Stop, assemble, symbolise: fills r->evidence.trace and writes cpu.folded, offcpu.folded,
 * profile.pb.gz and requests.ndjson into the run's folder. */
int trace_stop(struct trace *t, struct run *r, struct err *e);

void trace_close(struct trace *t);   /* detaches everything; accepts NULL */

/* What each rung would need on this host, for `prony doctor`: adds to r->eyes without attaching
 * to anything for longer than a probe. */
void trace_probe_eyes(struct run *r);

/* SPDX-License-Identifier: MIT */
/* Was a phase held? What the user promised against what a phase measured. Pure.
 *
 * It is held when the service keeps up, errors stay within the target (1 % where there is none) and
 * latency within its targets. Where the user has set no latency, p99 may grow to ten times the
 * unloaded one, or by 50 ms if that is more: a queue that grows passes it within a second, and no
 * healthy service does. */
#pragma once

#include "run/run.h"
#include "spec/spec.h"
#include "stats/histogram.h"

struct promise {
	const struct spec *spec;
	double mean, p99;     /* of the service without load, seconds */
	bool exact;           /* a latency counts by its value; else only what chance does not explain
	                       * is missed */
};

/* The highest latency that is promised, of any kind, or else that p99 may grow to; seconds. */
double promise_latency(const struct promise *promise);
double promise_errors(const struct promise *promise);    /* share */

/* "errors", "throughput" or "latency"; NULL: held. `latency` is what counts of the phase, which was
 * to last `planned_ns`. */
const char *promise_missed_by(const struct promise *promise, const struct run_phase *p,
    const struct histogram *latency, int64_t planned_ns);

/* Is the latency known well enough, in either direction? *ret_missed: it is not kept. */
bool promise_decided(const struct promise *promise, const struct histogram *latency,
    bool *ret_missed);

/* So many errors among so many requests: does chance explain them? */
bool promise_errors_missed(const struct promise *promise, int64_t failed, int64_t sent);

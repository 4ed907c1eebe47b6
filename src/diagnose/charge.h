/* SPDX-License-Identifier: MIT */
/* Charging: waits become what the holders were doing meanwhile.
 *
 * Trace paints what a request waited for. A wait in a queue says nothing by itself: a queue in
 * front of a busy loop is the loop's CPU, a queue in front of blocked workers is what they block
 * on. Each PART_QUEUE is replaced by the holders' mix of that queue, through queues behind queues
 * up to CHARGE_DEPTH; a holder blocked in something unknown is taken to be blocked in what the
 * group itself is. A run-queue wait stays (the CPUs are the holder) and a lock wait stays at
 * its lock, because the lock is where it is fixed; contention.lock tells what the holder did.
 * Time is conserved: the parts of a group sum to 1 before and after. */
#pragma once

#include "run/run.h"

#define CHARGE_DEPTH 5

/* Parts in the making: equal (kind, where) pairs are one part. */
struct mix {
	struct run *run;
	struct run_part *parts;
	size_t n;
};

void mix_add(struct mix *m, enum run_part_kind kind, const char *where, double share);
/* Largest first, summing to 1 (a missing rest becomes PART_OTHER "unexplained"), each with its
 * part of `seconds`. */
void mix_seal(struct mix *m, double seconds);

/* Make r->time from r->evidence.trace. */
void charge(struct run *r);

/* The wait of that kind at that place; when the place is unknown or not listed, the only wait of
 * the kind. NULL: none. */
const struct run_wait *charge_wait(const struct run *r, enum run_part_kind kind,
    const char *where);

/* SPDX-License-Identifier: MIT */
/* diagnose: names the one thing that limits the service of a run, or says why none is named.
 *
 * A pure function of the run: no I/O, no clock, no state. Running it again on a recorded run
 * gives the same conclusions. Reads r->evidence, r->baseline, r->capacity, r->targets; writes
 * r->time, r->findings, r->ruled_out, r->forks, r->links, r->memory, r->healthy, r->verdict and
 * r->headline (what was there before is dropped). */
#pragma once

#include "run/run.h"

void diagnose(struct run *r);

/* The page of `prony explain KIND`: what it means, how it is recognised, what else it could be,
 * what to do. NULL for an unknown kind. Static. */
const char *diagnose_explain(const char *kind);

/* Every kind that has a page, in name order; NULL at the end. Static. */
const char *const *diagnose_kinds(void);

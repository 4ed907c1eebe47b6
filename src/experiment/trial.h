/* SPDX-License-Identifier: MIT */
/* The experiment of `prony prove` and `prony fix`: two arms under the same load in turn, until it
 * is decided which is better.
 *
 * Blocks come in pairs A B, B A, A B ... (ABBA): what the machine does meanwhile hits both arms
 * alike. Both blocks of a pair are offered the very same requests at the same times. After 10, 20
 * and 40 pairs compare/ is asked; it ends when it is decided.
 *
 * A change of one service that runs makes two arms of it, A without and B with the change. It is
 * applied and taken back between blocks, once a pair thanks to ABBA, and the service is loaded for
 * a moment before it counts again. Where there and back takes longer than two seconds (a large
 * index is built, a service starts), there are ten pairs only, the fewest that can decide, of
 * blocks as long as the change takes, ten seconds at most. */
#pragma once

#include "base/err.h"
#include "base/progress.h"
#include "run/run.h"
#include "spec/spec.h"

struct change;

struct trial_plan {
	const char *a, *b;        /* words of the user; of a change both are the service's URL */
	struct change *change;    /* NULL: two arms */
	int64_t pairs_at_most;
	bool pairs_given;         /* by the user */
	int64_t block_ns;         /* 0: as long as intervals of its figures need */
	int64_t restart_every;    /* pairs; 0: as the trial thinks best */
	bool aa;                  /* both words name one arm: how well can this machine tell? */
	bool saturation;          /* blocks as fast as answers come, too */
	/* Put what was asked of an arm into a record. */
	void (*record)(const struct spec *of_arm, struct run *r);
};

/* Fills r->proofs[0], r->verdict, r->headline and what is told of the service; r->folder, when it
 * has one, gets the runs of both arms, "a" and "b", where something changed. An arm that dies under
 * the load is a result when it is B and prony started it, else an error; so is a service that fails
 * with a change and lives without it. Leaves a change in place or not, as it happens to be. */
int trial_run(const struct trial_plan *plan, const struct spec *spec,
    const struct progress *progress, struct run *r, struct err *e);

/* SPDX-License-Identifier: MIT */
/* The experiment of `prony prove`: two arms under the same load in turn, until it is decided which
 * is better.
 *
 * Blocks come in pairs A B, B A, A B ... (ABBA): what the machine does meanwhile hits both arms
 * alike. Both blocks of a pair are offered the very same requests at the same times. After 10, 20
 * and 40 pairs compare/ is asked; it ends when it is decided. */
#pragma once

#include "base/err.h"
#include "base/progress.h"
#include "run/run.h"
#include "spec/spec.h"

struct trial_plan {
	const char *a, *b;        /* words of the user */
	int64_t pairs_at_most;
	int64_t block_ns;         /* 0: as long as intervals of its figures need */
	int64_t restart_every;    /* pairs; 0: as the trial thinks best */
	bool aa;                  /* both words name one arm: how well can this machine tell? */
	bool saturation;          /* blocks as fast as answers come, too */
	/* Put what was asked of an arm into a record. */
	void (*record)(const struct spec *of_arm, struct run *r);
};

/* Fills r->proofs[0], r->verdict, r->headline and what is told of the service; r->folder, when it has
 * one, gets the runs of both arms, "a" and "b", where something changed. An arm that dies under the
 * load is a result when it is B and prony started it, else an error. */
int trial_run(const struct trial_plan *plan, const struct spec *spec,
    const struct progress *progress, struct run *r, struct err *e);

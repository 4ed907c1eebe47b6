/* SPDX-License-Identifier: MIT */
/* The experiment of `prony fix`: changes of a service that runs, one after another, each tried
 * under load (trial.h) and kept only when it is proven: something is better, nothing worse, and
 * answers are the same. Whatever else comes out, also an interruption, takes it back. */
#pragma once

#include "experiment/change.h"
#include "experiment/trial.h"

struct fix_plan {
	struct trial_plan trial;       /* its words and its change are set here */
	const struct change_text *changes; size_t n_changes;
	struct journal *journal;
};

/* Fills r->fix, r->proofs (one a change that was tried), r->verdict (met: all are kept),
 * r->headline and what is told of the service, which the URLs of `spec` name. An error ends it; the
 * change that was tried then is taken back, those before it stay as they were decided, and the error
 * names those that are kept. It also says so when one cannot be taken back, or when the service does
 * not answer once it is. */
int fix_run(const struct fix_plan *plan, const struct spec *spec, const struct progress *progress,
    struct run *r, struct err *e);

/* Are all of them kept? */
bool fix_all_kept(const struct run *r);

/* SPDX-License-Identifier: MIT */
/* Runs as they come out of a check, made by hand: what the faces are tested with. */
#pragma once

#include "run/run.h"

/* Each returns a run to release with run_free. */
struct run *sample_missed(void);        /* a missed target, findings, a plan, stacks, series */
struct run *sample_met(void);           /* targets met, a small finding */
struct run *sample_healthy(void);       /* no target, nothing wrong */
struct run *sample_limited(void);        /* no target, a limit found */
struct run *sample_inconclusive(void);  /* no profile, nothing named */
struct run *sample_generator(void);     /* the generator was the limit */
struct run *sample_idle(void);
struct run *sample_error(void);         /* died at its start */
struct run *sample_suite(void);         /* a suite: queued, shed load, did not recover */
struct run *sample_proof(void);         /* two arms: B is better, one function of it worse */
struct run *sample_proof_worse(void);   /* faster, but other answers */
struct run *sample_proof_open(void);    /* cannot say: too noisy */
struct run *sample_proof_bare(void);    /* one of everything, nothing filled in */
struct run *sample_proof_hostile(void);
struct run *sample_empty(void);         /* as run_new made it */
struct run *sample_bare(void);          /* one of everything, nothing filled in */
struct run *sample_hostile(void);       /* every text tries to break out of its context */
struct run *sample_huge(void);          /* far more of everything than a page can hold */

struct sample {
	const char *name;
	struct run *(*make)(void);
};
extern const struct sample samples[];   /* ends with a NULL name */

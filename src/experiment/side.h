/* SPDX-License-Identifier: MIT */
/* One side of a comparison: an arm, the load that is aimed at it, and who watches it meanwhile.
 *
 * Control thread only. */
#pragma once

#include "base/err.h"
#include "base/progress.h"
#include "experiment/arm.h"
#include "load/load.h"
#include "run/run.h"

struct change;
struct observe;
struct observe_owners;

struct side {
	const char *name;         /* "A" or "B" */
	const struct progress *progress;
	void (*record)(const struct spec *of_arm, struct run *r);
	struct change *change;    /* of one service, which both sides share; NULL: each has its own */
	bool with;                /* this side is the service with the change in place */
	int64_t settle_ns;        /* it is loaded for so long at most after a change */
	struct arm *arm;
	struct run *run;          /* its own record: what it is, and its profile; anew with each start */
	struct run *trial;        /* of both sides */
	struct load *load;
	struct observe *observe;
	struct observe_owners *owners;
	int64_t connections;
	int64_t began_ns;         /* blocks count from here, of both sides */
	bool placed;              /* it has been tried since the arm was started */
	bool spread;              /* connections are spread over its processes; else each block makes new ones */
	struct run_stop stopped;  /* why, when the load did harm; lives in `trial` */
	double generator_s;       /* CPU of the loads that are closed */
	double placement;         /* worst so far, as load_spread() has it; NAN unknown */
};

/* What is asked of a side for a while. */
struct side_block {
	int64_t pair;
	uint64_t draw;            /* the same in both blocks of a pair */
	double rate;              /* 0: saturation, as fast as answers come */
	int64_t for_ns;
	const char *label;        /* for people who wait */
};

/* Open the arm that `word` names; starts nothing. `folder` takes its log; NULL: none is kept.
 * `name`, `progress`, `record`, `trial` and `began_ns` must be set, of a change also `change`, `with` and
 * `settle_ns`; all else zero. */
int side_open(struct side *s, const char *word, const struct spec *spec, const char *folder,
    struct err *e);
void side_close(struct side *s);          /* accepts what side_open left half done */

/* Start it, or start it anew: another process, other addresses, another port. Finds its processes
 * and aims the load at it. */
int side_start(struct side *s, struct err *e);

/* Have the service as this side is to see it: with the change, or without. Right after one nothing
 * counts: the service may be another process, and its caches are cold. To be called before anything
 * is asked of it; does nothing where there is no change, or where it is so already. */
int side_enter(struct side *s, struct err *e);

/* 0, or -ECHILD with how it ended. */
int side_alive(struct side *s, struct err *e);

/* Offer one block. What came of it goes into `ret`, whose strings and routes live in r's arena. */
int side_offer(struct side *s, const struct side_block *b, struct run *r, struct run_block *ret,
    struct err *e);

/* Load it on a few connections until what it does is steady; *ret_s: how long that took, NAN when
 * it was not so within the bound. */
int side_warm_up(struct side *s, int64_t at_most_ns, double *ret_s, struct err *e);

/* Arrivals whose requests it answers in a second, as fast as answers come. */
int side_pulse(struct side *s, double *ret_rate, struct err *e);

/* Trace it under this load for a while and write its own run into `folder`. */
int side_profile(struct side *s, double rate, int64_t for_ns, const char *folder, struct err *e);

/* CPU that the generator has used on it, seconds. */
double side_generator_s(const struct side *s);

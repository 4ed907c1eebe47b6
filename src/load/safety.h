/* SPDX-License-Identifier: MIT */
/* What ends a load before its time because going on does harm: conditions that the user has named
 * (--stop-if), and a host that runs out of memory or disk (load/guard.h).
 *
 * A condition has to hold in three whole seconds in a row, be they of one phase or of several: the
 * steps of a search are short. A second in which nothing ended says nothing of latency and errors,
 * one in which nothing was offered says nothing at all.
 * What was seen goes into the run; whoever drives the phase then stops. The control thread's. */
#pragma once

#include "base/err.h"
#include "load/program.h"
#include "load/tally.h"
#include "run/run.h"
#include "spec/spec.h"

#define SAFETY_SECONDS 3

struct safety {
	const struct spec *spec;
	uint32_t routes[TARGETS_MAX];     /* of each condition; n_routes: all together */
	int in_a_row[TARGETS_MAX];
	int64_t looked_ns;
};

/* Refuses a condition on a route that the program does not have. */
int safety_begin(struct safety *s, const struct spec *spec, const struct program *program,
    struct err *e);

/* A whole second of phase `name`, `at` seconds into it, is over; `t` NULL: nothing was offered in it.
 * Fills r->safety_stop when that is one too many. */
void safety_second(struct safety *s, const struct tally *t, const char *name, double at,
    struct run *r);

/* Once a second at most: how is the host? */
void safety_host(struct safety *s, const char *name, double at, int64_t now, struct run *r);

/* SPDX-License-Identifier: MIT */
/* How many answers of a route are the same, byte for byte: what a cache could have answered.
 *
 * repeats_note is a load_step.answer with a struct repeats as its ctx. Memory is bounded: of further
 * routes nothing is kept, and of a route only its first answers are told apart. */
#pragma once

#include "load/load.h"

#define REPEATS_ROUTES  64
#define REPEATS_BODIES  8      /* different ones of a route; with more it is no candidate */

struct repeats {
	struct {
		const char *route;         /* the load's */
		int64_t answers;
		struct { uint64_t hash; int64_t bytes, n; } bodies[REPEATS_BODIES];
		int n_bodies;
	} routes[REPEATS_ROUTES];
	int n_routes;
};

void repeats_note(void *repeats, const struct load_answer *a);
/* Adds what was seen to the run's evidence. */
void repeats_record(const struct repeats *all, struct run *r);

/* SPDX-License-Identifier: MIT */
/* The schedule that was asked for: stages, recorded arrivals, or one rate for a time. */
#pragma once

#include "load/schedule.h"
#include "spec/spec.h"

struct asked {
	struct schedule schedule;      /* borrows the rest */
	struct arrivals *recorded;     /* NULL none */
	struct arena *arena;
};

/* What a request may be; n >= 1. The names stand in recorded schedules. Weights NULL: all equal. */
struct asked_routes {
	const char *const *names;
	const double *weights;
	uint32_t n;
};

/* Also writes the arrivals to the file that --save-schedule names. Release with asked_done in any
 * case. */
int asked_make(const struct spec *spec, const struct asked_routes *routes, struct asked *ret,
    struct err *e);
void asked_done(struct asked *a);      /* safe on a zeroed one */

/* SPDX-License-Identifier: MIT */
/* The schedule that was asked for: stages, recorded arrivals, or one rate for a time. */
#pragma once

#include "base/arena.h"
#include "load/load.h"
#include "load/schedule.h"

struct asked {
	struct schedule schedule;      /* borrows the rest */
	struct arrivals *recorded;     /* NULL none */
	struct arena *arena;
};

/* From the spec, where it says nothing from its scenario; an arrival begins a flow, chosen by weight.
 * Also writes the arrivals to the file that --save-schedule names. Release with asked_done in any
 * case. */
int asked_make(const struct load *l, struct asked *ret, struct err *e);
void asked_done(struct asked *a);      /* safe on a zeroed one */

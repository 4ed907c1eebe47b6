/* SPDX-License-Identifier: MIT */
/* What a fleet is to offer, as a leader writes it down and a worker reads it. Private to src/fleet.
 *
 * A JSON document, and the bytes of the files that it needs. Settings travel as the texts that were
 * given and are checked again where they arrive: what comes from a server is not trusted. Not in a
 * plan is what is a host's own: which host may be loaded, threads, engine, certificates. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "spec/spec.h"

#define PLAN_FILES_MAX  64
#define PLAN_BYTES_MAX  ((size_t)16 << 20)    /* of all files together */

struct fleet_plan {
	bool many;                                /* read: the load comes as orders, not from the plan alone */
	struct buf json;
	struct buf files[PLAN_FILES_MAX];         /* feeders, then recorded arrivals if there are any */
	size_t n_files;
};

/* Zeroed before; release with fleet_plan_done in any case. `many`: how much is offered follows in orders. */
int fleet_plan_write(const struct spec *s, bool many, struct fleet_plan *ret, struct err *e);
void fleet_plan_done(struct fleet_plan *p);

/* Into a new spec, which is not checked yet; the files go into `folder`. Connections are the part of
 * one worker. */
int fleet_plan_read(struct fleet_plan *p, const char *folder, struct spec *into, struct err *e);

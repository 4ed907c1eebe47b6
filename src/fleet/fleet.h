/* SPDX-License-Identifier: MIT */
/* fleet: one load, offered by workers on many hosts.
 *
 * Leader and workers meet at a Redis or Valkey server, or a cluster of them. The leader puts a plan
 * there and waits until enough workers have joined; each takes every n-th arrival of the same
 * schedule, so that the requests are the same however many offer them. All start at one instant,
 * said in the server's time, which each converts to its own clock. Twice a second a worker sends what
 * it has tallied, and that it lives; the leader merges it as if its own threads had done the work.
 * A search or a suite is many phases, each with an order and a start of its own: what it decides, it
 * decides on what all have told.
 *
 * A worker that is silent for three seconds of a phase is lost: what came from it stays, the rest of its
 * share counts as scheduled and unsent, and it is named. (What it sent in the last half second before it
 * fell silent is in that rest: nobody knows of it.) The phases that follow are shared by who is left. Without
 * the server, workers stop within two seconds; without their leader, when its sign of life has expired, within
 * four, or a minute where nothing is offered.
 *
 * Keys, all with one hash tag, all expiring by themselves:
 *
 *   prony:{FLEET}:call             id of the run that looks for workers
 *   prony:{FLEET}:ID:plan          stream, one entry: what to offer (fleet_plan.h)
 *   prony:{FLEET}:ID:joined        stream: who came, or why not
 *   prony:{FLEET}:ID:start         stream, an entry a phase: when, who is which number, who takes part, the order
 *   prony:{FLEET}:ID:lead          "go:N" while the leader lives, which has had enough of phases up to N; "over"
 *   prony:{FLEET}:ID:results       stream: tallies, signs of life, last words; read ones are deleted
 *
 * The plan holds what the scenario holds, headers and passwords too: whoever can read the server can
 * read them. */
#pragma once

#include "base/err.h"
#include "base/progress.h"
#include "load/load.h"
#include "run/run.h"
#include "spec/spec.h"

/* Are --via, --join and what belongs to them well said? */
int fleet_check(const struct spec *s, struct err *e);

struct lead;

/* Lead spec->workers workers that meet at spec->via. From here until fleet_leave they offer each phase of `l`,
 * which lives longer: with `many` phases of any kind, each of which is the generator's fault when a worker was lost in
 * it, and after which there is no other unless spec->allow_lost; else one, the load that the spec asks for. Fails
 * when too few come; the phases fail when the server goes away. */
int fleet_lead(struct load *l, const struct spec *s, bool many, const struct progress *progress,
    struct lead **ret, struct err *e);
/* What each worker has done, into r->evidence.workers. */
void fleet_record(const struct lead *d, struct run *r);
void fleet_leave(struct lead *d);      /* accepts NULL */

static inline void
fleet_leave_p(struct lead **d)
{
	fleet_leave(*d);
}

/* Be one of the workers that meet at own->join, for one run: wait for its leader, offer a share of all
 * its phases. Of `own` counts only what is this host's: the host that it allows to be loaded, threads, engine,
 * certificates. Fills r with its share alone; the last phase is valid as long as r, NULL when there was none. */
int fleet_join(const struct spec *own, const struct progress *progress, struct run *r,
    struct run_phase **ret_phase, struct err *e);

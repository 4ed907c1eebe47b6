/* SPDX-License-Identifier: MIT */
/* fleet: one load, offered by workers on many hosts.
 *
 * Leader and workers meet at a Redis or Valkey server, or a cluster of them. The leader puts a plan
 * there and waits until enough workers have joined; each takes every n-th arrival of the same
 * schedule, so that the requests are the same however many offer them. All start at one instant,
 * said in the server's time, which each converts to its own clock. Twice a second a worker sends what
 * it has tallied, and that it lives; the leader merges it as if its own threads had done the work.
 *
 * A worker that is silent for three seconds is lost: what came from it stays, the rest of its share
 * counts as scheduled and unsent, and it is named. (What it sent in the last half second before it
 * fell silent is in that rest: nobody knows of it.) Without the server, workers stop within two
 * seconds; without their leader, when its sign of life has expired, within four.
 *
 * Keys, all with one hash tag, all expiring by themselves:
 *
 *   prony:{FLEET}:call             id of the run that looks for workers
 *   prony:{FLEET}:ID:plan          stream, one entry: what to offer (fleet_plan.h)
 *   prony:{FLEET}:ID:joined        stream: who came, or why not
 *   prony:{FLEET}:ID:start         stream, one entry: when, and who is which number
 *   prony:{FLEET}:ID:lead          "go" while the leader lives; "stop" when it has had enough
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

/* Offer a phase through spec->workers workers that meet at spec->via. As load_run; fills also
 * r->evidence.workers. Fails when too few come, and when the server goes away meanwhile. */
int fleet_lead(struct load *l, const struct spec *s, const struct load_step *step,
    const struct progress *progress, struct run *r, struct run_phase **ret_phase, struct err *e);

/* Be one of the workers that meet at own->join, for one run: wait for its leader, offer a share. Of
 * `own` counts only what is this host's: the host that it allows to be loaded, threads, engine,
 * certificates. Fills r with its share alone; ret_phase is valid as long as r. */
int fleet_join(const struct spec *own, const struct progress *progress, struct run *r,
    struct run_phase **ret_phase, struct err *e);

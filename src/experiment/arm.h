/* SPDX-License-Identifier: MIT */
/* An arm: one of the two services that are compared, and how it comes to run.
 *
 * What the user names is one of
 *   http://...           a service that runs: prony leaves it alone
 *   'server --port {port}'   a command: prony starts, readies, restarts and stops it
 *   DIR                  a checkout: built with --build, started in it with --start
 *   REV                  a git revision of the repository here: checked out to a temporary folder
 *
 * A process that prony starts gets a free port in place of {port}, another one each time, and is
 * ended with all that it has started by SIGTERM, then SIGKILL, also when prony is killed
 * (base/child.h). What it prints goes to the file "arm-a.log" of the run's folder, what its build
 * prints to "arm-a-build.log". Control thread only. */
#pragma once

#include "base/err.h"
#include "base/progress.h"
#include "run/run.h"
#include "spec/spec.h"

enum arm_kind { ARM_URL, ARM_COMMAND, ARM_CHECKOUT, ARM_REVISION, ARM_RUN };

struct arm;

/* Which kind the word names; -EINVAL with what was expected when none fits. Looks at the file
 * system, asks git, starts nothing. A folder with a run.json is a finished run (ARM_RUN). */
int arm_kind_of(const char *word, const struct spec *spec, enum arm_kind *ret, struct err *e);

/* `name` is "A" or "B". Checks out and builds what has to be, starts nothing. `folder` takes the
 * logs; NULL: none are kept. */
int arm_open(const char *name, const char *word, const struct spec *spec, const char *folder,
    const struct progress *progress, struct arm **ret, struct err *e);
void arm_close(struct arm *a);         /* stops, removes what was checked out; accepts NULL */

/* Start it and wait until each route is answered, spec->ready_timeout_ns at most; does nothing for
 * ARM_URL. When it is already running it is stopped first. Another port is tried when somebody else
 * has taken the one that was chosen. Errors show the last lines that it printed. */
int arm_start(struct arm *a, struct err *e);
void arm_stop(struct arm *a);

/* What the user named, fit to be written down: without passwords and tokens. Valid until arm_close. */
const char *arm_what(const struct arm *a);

/* What load is to be aimed at: the user's spec, with this arm's URLs. Valid until arm_close; its
 * port changes with arm_start(). */
const struct spec *arm_spec(const struct arm *a);

/* Can it be started again? */
bool arm_restarts(const struct arm *a);
int64_t arm_starts(const struct arm *a);   /* so far */
/* Still there? Always true of ARM_URL. `why` says how it ended. To be asked after each block: it also
 * keeps the log from growing without end. */
bool arm_alive(struct arm *a, char *why, size_t why_size);

/* SPDX-License-Identifier: MIT */
/* A command that is run to its end: git, the user's build, a change. */
#pragma once

#include "base/child.h"
#include "experiment/printed.h"

/* RLIMIT_NOFILE as the user has it: the generator raises prony's own, and a service is to have what it
 * would have without prony. To be called before there is any load. */
const struct rlimit *job_files_of_user(void);

/* What it prints goes to `to`, after what is there; how->out and how->err are set here. Everything
 * that it leaves running is ended; all of it when stop_requested(). 0, -EINTR, or an error
 * that begins with `what` ("the build in 'dir'"), tells how it ended, its last lines, and where the
 * others are. */
int job_run(const struct child_how *how, struct printed *to, const char *what, struct err *e);

/* The same of a command that may leave something running on purpose, a service that it starts: when
 * it ends by itself, well or not, that is let be. All of it is ended after `most_ns`, -ETIMEDOUT, and when
 * stop_requested() unless it is `stubborn`. */
int job_run_and_leave(const struct child_how *how, struct printed *to, const char *what,
    int64_t most_ns, bool stubborn, struct err *e);

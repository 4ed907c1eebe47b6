/* SPDX-License-Identifier: MIT */
/* A command that is run to its end: git, or the user's build. */
#pragma once

#include "base/child.h"
#include "experiment/printed.h"

/* What it prints goes to `to`, after what is there; how->out and how->err are set here. Everything
 * that it leaves running is ended; all of it when stop_requested(). 0, -EINTR, or an error
 * that begins with `what` ("the build in 'dir'"), tells how it ended, its last lines, and where the
 * others are. */
int job_run(const struct child_how *how, struct printed *to, const char *what, struct err *e);

/* SPDX-License-Identifier: MIT */
/* The user's own check of the service's data: a shell command. */
#pragma once

#include "base/err.h"
#include "run/run.h"

/* Run it and add what came of it to r->suite.integrity. Its output goes nowhere else; what it
 * leaves running is ended. Fails only when it cannot be run at all. `when` is static. */
int integrity_check(const char *command, const char *when, struct run *r, struct err *e);

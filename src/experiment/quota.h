/* SPDX-License-Identifier: MIT */
/* Where in the control groups a few processes can be given less CPU for a moment, as a change that
 * executor_quota applies and takes back.
 *
 * v1: a child group below the one that they are in, moved there and back. v2: a group that is theirs
 * alone keeps them, and its cpu.max is set and set back; else they move to a group beside theirs (below
 * the root of the hierarchy where they are in that), because a group of v2 with processes in it has no
 * children that share out CPU. Documentation/admin-guide/cgroup-v1, cgroup-v2.rst. */
#pragma once

#include "base/arena.h"
#include "experiment/executor.h"

/* Long enough for the tick that enforces it: in 5 ms it takes up to three times as much as it should. */
#define QUOTA_PERIOD_US 50000

/* The texts of a change that leaves `cores` of CPU to these processes; `root` as in base/cgroup.h. All
 * of it lives in `a`; `step` and `what` are the caller's. Changes nothing. -EACCES: only root may;
 * -ENOTSUP: their groups do not allow it, with what would. */
int quota_place(const char *root, const int *pids, size_t n, double cores, struct arena *a,
    struct change_text *ret, struct err *e);

/* Periods of the group that has been set, and those of them in which it was stopped; false: not known. */
struct quota_periods { double all, stopped; };
bool quota_periods(const struct change_text *c, struct quota_periods *ret);

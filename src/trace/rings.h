/* SPDX-License-Identifier: MIT */
/* rings: which processes of the service move bytes by io_uring. */
#pragma once

#include "run/run.h"
#include "trace/collect.h"

/* Has one of them a ring, its completions are told like calls. What of them is not seen is said in
 * r->eyes ("io_uring"); nothing is said where there is none. */
void rings_open(struct collect *c, struct run *r);

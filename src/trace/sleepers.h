/* SPDX-License-Identifier: MIT */
/* sleepers: threads that sleep as a window ends, or slept all through it, have sent no event of it. */
#pragma once

#include "trace/collect.h"
#include "trace/tape.h"

/* What they have waited so far goes onto the tape as a wait that ended at `now`. Before the window is closed. */
void sleepers_record(struct collect *c, struct tape *tape, int64_t now);

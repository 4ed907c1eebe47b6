/* SPDX-License-Identifier: MIT */
/* probing: which objects of the service's processes hold SQLite or a runtime, and that they are probed. */
#pragma once

#include "run/run.h"
#include "symbol/symbol.h"
#include "trace/collect.h"

/* Says in r->eyes ("SQL", "garbage collection") what came of it; nothing where there is neither. */
void probing_open(struct collect *c, struct symbols *symbols, struct run *r);

/* After the windows: the probes could not be made after all. */
void probing_end(const struct collect *c, struct run *r);

/* What full collections left, into r->evidence.trace.gc: of processes whose collections are there. `began`: when
 * tracing did, CLOCK_MONOTONIC ns. */
void probing_kept(const struct collect *c, struct run *r, int64_t began);

/* SPDX-License-Identifier: MIT */
/* weigh: what it costs a request to be followed where dear probes are in its way.
 *
 * The limit of a service is looked for without them, for it is the service's; the load of the tracing has
 * to be less by what they cost. */
#pragma once

#include "load/load.h"
#include "trace/trace.h"

/* Four short phases of load, where `trace` has such probes: alone, followed, followed, alone. Sets
 * r->evidence.trace.dear when they tell a cost. Before trace_start. */
int weigh_tracing(struct load *load, struct trace *trace, struct run *r, struct err *e);

/* SPDX-License-Identifier: MIT */
/* A component: a few processes with what they fork, and the CPU that they use between two looks. Reads
 * /proc. Control thread only. */
#pragma once

#include "base/map.h"
#include "observe/tree.h"

struct component {
	struct tree tree;
	struct map thread_ticks;       /* tid -> ticks at the first look */
	double ticks, host_busy, own_s;
	int64_t at_ns;
};

void component_begin(struct component *c, const int *pids, size_t n);
void component_done(struct component *c);

/* Since component_begin. */
struct component_use {
	double cores;                  /* of its own */
	double threads;                /* that share the work: 1 when one does all, n when n do as much each */
	double host_cores;             /* of all processes of the host but prony */
	double idle_cores;
};
void component_use(struct component *c, struct component_use *ret);

/* Cores that it could use for so many requests at once; NAN, with the reason: to take some of them away would
 * tell nothing. Pure. */
double component_reach(const struct component_use *use, int64_t requests, const char **ret_why);

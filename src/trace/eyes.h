/* SPDX-License-Identifier: MIT */
/* What tracing can see on this host, as entries of r->eyes. */
#pragma once

#include "run/run.h"
#include "symbol/symbol.h"

/* The eyes of each rung: of the collector, of the sampler. `why`: NULL open, else what failed. */
void eyes_collector(struct run *r, const char *why, const char *cure);
void eyes_sampler(struct run *r, const char *why, const char *cure, bool system_wide);

/* Functions of Node.js processes. */
void eyes_node(struct run *r, const char *why, const char *cure, bool coarse);

/* Functions of Python where nothing may be sampled. */
void eyes_python(struct run *r);

/* Whether functions of the kernel have names. */
void eyes_kernel(struct run *r);
/* Nothing is said where no process runs Java. */
void eyes_java(struct run *r, struct symbols *symbols, const int *pids, size_t n_pids);
/* What goroutines wait for. `lost`: 0, or the negative errno that says why it is not known. */
void eyes_go(struct run *r, int lost);

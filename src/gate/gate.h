/* SPDX-License-Identifier: MIT */
/* The gate as a process: what others need of it. */
#pragma once

#include "base/err.h"
#include "gate/config/config.h"

/* Where the gate says how it is doing: sentences without a full stop, from the calling thread. */
struct gate_talk {
	void (*say)(void *ctx, const char *sentence);
	void *ctx;
};

/* Serve until base/stop.h says stop, then let what is under way end. `c` outlives the call. Fails when it
 * cannot begin: an address is taken, a name does not resolve, memory or descriptors do not reach. */
int gate_run(const struct gate_config *c, const struct gate_talk *talk, struct err *e);

/* SPDX-License-Identifier: MIT */
/* The gate: a reverse proxy with a cache, a worker thread a core (docs/architecture.md).
 *
 * Facade of the folder for cli/; what workers share: gate_int.h. */
#pragma once

#include "base/err.h"
#include "gate/config.h"

/* Serve until stop_requested() (base/stop.h), then let requests that are under way end. The signal
 * handlers are the caller's. 0, or -errno: it could not begin. */
int gate_run(const struct gate_config *config, struct err *e);

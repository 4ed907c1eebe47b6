/* SPDX-License-Identifier: MIT */
/* The one flag that asks long work to end early.
 *
 * SIGINT, SIGTERM, SIGQUIT or SIGHUP (unless that is ignored) once: loops end their step, report what
 * is there. Twice: the process quits. Also set by who sees that going on does harm; read by the
 * instruments' loops. */
#pragma once

#include <stdbool.h>

void stop_install(void);      /* install the signal handlers; main thread, once */
void stop_request(void);      /* as a signal does, once; any thread */
bool stop_requested(void);    /* any thread, async-signal-safe */

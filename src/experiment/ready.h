/* SPDX-License-Identifier: MIT */
/* Waiting for a service that was just started to answer. Control thread. */
#pragma once

#include "base/child.h"
#include "base/progress.h"
#include "experiment/printed.h"
#include "spec/spec.h"

/* Wait until a request to each route of `spec` is answered, spec->ready_timeout_ns at most. Errors say
 * what happened instead: it ended (-ECHILD), prony is to stop (-EINTR), it listens on another port
 * than `port`, it does not answer well; and they show what it printed last. */
int ready_wait(struct child *c, const struct spec *spec, uint16_t port, const char *name,
    const struct printed *printed, const struct progress *progress, struct err *e);

/* Wait until a service that prony has not started answers again, spec->ready_timeout_ns at most; a stop
 * does not end it. The error is that of the last try. */
int ready_again(const struct spec *spec, struct err *e);

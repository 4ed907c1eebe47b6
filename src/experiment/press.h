/* SPDX-License-Identifier: MIT */
/* The press test: takes some of one component's CPU away for a moment, under load that prony makes, to
 * see whether the answers come slower. What limits a service shows at once; a component that only seems
 * busy does not (the reverse of causal profiling: Curtsinger and Berger, "Coz", SOSP 2015).
 *
 * A quota below what it uses would slow anybody, so the quota is a share of what it could use: one core
 * where one thread does its work, as many as share it where several do, at most what others leave of the
 * host. A component that runs into it had nothing to spare.
 *
 * Blocks of a closed loop, as many requests at once as in the measurement, without and with it in turn.
 * Each change is written to the journal first, and taken back whatever happens (change.h). */
#pragma once

#include "base/progress.h"
#include "experiment/journal.h"
#include "load/load.h"
#include "run/run.h"

struct press_how {
	struct load *load;
	const struct spec *spec;
	struct journal *journal;
	const struct progress *progress;
	void (*announce)(void *ctx, const char *line);   /* before something is changed */
	void *ctx;
};

/* Press the service, then the servers that it asks on this host, one after another: a row of
 * r->evidence.presses each, with the reason where it was not done. Needs the traced phase and peers.
 * An error: what was changed could not be taken back, or the service went away. Ends early when
 * stop_requested(). */
int press_run(const struct press_how *how, struct run *r, struct err *e);

/* SPDX-License-Identifier: MIT */
/* How instruments tell the person what is going on. They call; cli/ draws on stderr. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crash.h"

/* Live figures of a load. NAN, or a count below 0: not known. */
struct progress_figures {
	double elapsed_s, total_s;       /* of the phase */
	double offered, answered;        /* per second, now */
	double p50, p95, p99, max;       /* seconds, of the phase so far */
	int64_t done, errors, timeouts;  /* of the phase so far; errors without timeouts */
	int64_t busy, connections;       /* in use now, and at most */
	double generator_cpu;            /* share of a core, busiest worker */
	double lag_p99;                  /* seconds sent late for want of the generator */
	bool limited;                    /* the generator does not keep up */
};

struct progress {
	/* `phase` is one word; `done` 0..1 of that phase, <0 unknown; `line` is free text with the
	 * live numbers, may be ""; `figures` are the same numbers and more, NULL: there are none.
	 * Called at most ten times a second, from the calling thread. */
	void (*update)(void *ctx, const char *phase, double done, const char *line,
	    const struct progress_figures *figures);
	void *ctx;
};

static inline void
progress_show(const struct progress *p, const char *phase, double done, const char *line,
    const struct progress_figures *figures)
{
	crash_doing(phase);
	if (p && p->update)
		p->update(p->ctx, phase, done, line, figures);
}

static inline void
progress_say(const struct progress *p, const char *phase, double done, const char *line)
{
	progress_show(p, phase, done, line, NULL);
}

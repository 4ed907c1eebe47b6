/* SPDX-License-Identifier: MIT */
/* How instruments tell the person what is going on. They call; cli/ draws on stderr. */
#pragma once

struct progress {
	/* `phase` is one word; `done` 0..1 of that phase, <0 unknown; `line` is free text with the
	 * live numbers, may be "". Called at most ten times a second, from the calling thread. */
	void (*update)(void *ctx, const char *phase, double done, const char *line);
	void *ctx;
};

static inline void
progress_say(const struct progress *p, const char *phase, double done, const char *line)
{
	if (p && p->update)
		p->update(p->ctx, phase, done, line);
}

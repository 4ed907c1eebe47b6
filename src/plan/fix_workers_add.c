/* SPDX-License-Identifier: MIT */
/* More workers than are blocked at a time. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "more %s", words_place(r, f->where));
	s->apply = "run as many workers as rate x time taken, and a third more (gunicorn: --workers "
	    "N or --worker-class gthread --threads N; thread pools: their size); or answer from an "
	    "asynchronous server";
	s->undo = "set the old number of workers again";
}

const struct fix fix_workers_add = {
	.kind = "contention.workers", .action = "workers.add", .gain_low = 0.5, .gain_high = 0.95,
	.effort = LEVEL_LOW, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "each worker costs memory and a database connection; too many overload "
	    "what they wait for",
};

/* SPDX-License-Identifier: MIT */
/* Take the computation off the event loop. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "take %s off the event loop", words_place(r, f->where));
	s->apply = run_printf(r, "run %s in a worker thread or process (worker_threads, "
	    "run_in_executor), or cut it into pieces that yield; or run one loop per core",
	    words_place(r, f->where));
	s->undo = UNDO_REVERT;
}

const struct fix fix_code_loop = {
	.kind = "cpu.event-loop", .action = "code.loop", .gain_low = 0.5, .gain_high = 0.95,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "worker threads need their data copied; several processes do not share "
	    "caches and counters",
};

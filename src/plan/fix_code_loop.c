/* SPDX-License-Identifier: MIT */
/* Take the computation off the event loop. */
#include <string.h>

#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	if (words_compress(r, f, s))
		return;
	s->undo = UNDO_REVERT;
	if (!f->where || strncmp(f->where, "main loop", 9) == 0) {
		s->what = run_printf(r, "find what blocks the %s and take it off the loop",
		    f->where ? f->where : "main loop");
		s->apply = "profile it under the same load (Node: --cpu-prof, Python: py-spy record), then "
		    "run the widest function in a worker thread or process, or one loop per core";
		return;
	}
	s->what = run_printf(r, "take %s off the event loop", words_place(r, f->where));
	s->apply = run_printf(r, "run %s in a worker thread or process (worker_threads, "
	    "run_in_executor), or cut it into pieces that yield; or run one loop per core",
	    words_place(r, f->where));
}

const struct fix fix_code_loop = {
	.kind = "cpu.event-loop", .action = "code.loop", .gain_low = 0.5, .gain_high = 0.95,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "worker threads need their data copied; several processes do not share "
	    "caches and counters",
};

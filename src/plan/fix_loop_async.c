/* SPDX-License-Identifier: MIT */
/* Replace a blocking call on the loop. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "do not block the event loop in %s", words_place(r, f->where));
	s->apply = run_printf(r, "use the asynchronous variant of %s, or hand it to a thread pool "
	    "(run_in_executor, fs.promises)", words_place(r, f->where));
	s->undo = UNDO_REVERT;
}

const struct fix fix_loop_async = {
	.kind = "io.blocking-call", .action = "code.async", .gain_low = 0.5, .gain_high = 0.95,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "the pool of threads behind asynchronous file access is limited too",
};

/* SPDX-License-Identifier: MIT */
/* Hold the lock for less time, then split it. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "shrink the critical section of %s", words_place(r, f->where));
	s->apply = run_printf(r, "move I/O, formatting and allocation out of the section that holds %s "
	    "(the evidence of %s says what the holder does), then use a lock per shard or one for "
	    "readers and writers", words_place(r, f->where), f->id ? f->id : "the finding");
	s->undo = UNDO_REVERT;
}

const struct fix fix_code_lock = {
	.kind = "contention.lock", .action = "code.lock", .gain_low = 0.5, .gain_high = 0.95,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "finer locks can deadlock when taken in different orders; readers may see "
	    "slightly older data",
};

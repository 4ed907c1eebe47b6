/* SPDX-License-Identifier: MIT */
/* Find what is kept. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "find what keeps the %s", words_place(r, f->where));
	s->apply = "compare two heap profiles under load (heaptrack, tracemalloc, heap snapshots): "
	    "look for lists without a bound, listeners never removed, paths that do not free; until "
	    "then restart it before memory ends";
	s->undo = UNDO_REVERT;
}

const struct fix fix_memory_leak = {
	.kind = "memory.leak", .action = "memory.fix-leak", .gain_low = 0.0, .gain_high = 0.1,
	.effort = LEVEL_HIGH, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "a bound on a cache costs hits; restarting on a schedule only hides the "
	    "leak",
};

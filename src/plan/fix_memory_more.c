/* SPDX-License-Identifier: MIT */
/* Make everything fit into memory. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = "give the service the memory that it needs";
	s->apply = run_printf(r, "add memory, or run fewer workers with smaller caches, until "
	    "nothing is read back from %s", words_place(r, f->where));
	s->undo = "return to the old size";
}

const struct fix fix_memory_more = {
	.kind = "memory.swap", .action = "memory.more", .gain_low = 0.7, .gain_high = 0.95,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "money, or fewer workers and smaller caches",
};

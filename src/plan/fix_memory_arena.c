/* SPDX-License-Identifier: MIT */
/* Fewer, larger allocations. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "allocate less in %s", words_place(r, f->where));
	s->apply = run_printf(r, "take the memory of a request from one block (an arena) and give it back at "
	    "once; reuse buffers; reserve the size that is known; to try it without a change: start the "
	    "service with LD_PRELOAD=libjemalloc.so.2 (%s)", words_place(r, f->where));
	s->undo = UNDO_REVERT;
}

const struct fix fix_memory_arena = {
	.kind = "memory.alloc", .action = "memory.arena", .gain_low = 0.5, .gain_high = 0.95,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "an arena changes who owns what; another allocator changes how much memory is kept",
};

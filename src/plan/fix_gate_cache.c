/* SPDX-License-Identifier: MIT */
/* Keep an answer that is the same each time. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "keep the answer of %s", words_place(r, f->where));
	s->apply = run_printf(r, "say how long it holds (Cache-Control: max-age=60, stale-while-revalidate=30 on %s, "
	    "private or no-store where it depends on the user) and put a cache in front; or keep it in the service",
	    words_place(r, f->where));
	s->undo = "Cache-Control: no-store, and empty the cache";
}

const struct fix fix_gate_cache = {
	.kind = "io.no-cache", .action = "gate.cache", .gain_low = 0.3, .gain_high = 0.99,
	.effort = LEVEL_LOW, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "answers are as old as was allowed; what changes must be invalidated, and what is private kept "
	    "apart",
};

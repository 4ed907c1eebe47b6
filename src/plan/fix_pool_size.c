/* SPDX-License-Identifier: MIT */
/* More connections in the pool. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "more connections to %s", words_place(r, f->where));
	s->apply = "by Little's law rate x time that a request holds one are busy: set the pool to a third "
	    "more than that; hold a connection only while the server is asked";
	s->undo = "set the old size of the pool again";
}

const struct fix fix_pool_size = {
	.kind = "contention.pool", .action = "pool.size", .gain_low = 0.6, .gain_high = 0.98,
	.effort = LEVEL_LOW, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "each connection costs memory in the other server, which may itself become the limit",
};

/* SPDX-License-Identifier: MIT */
/* One call for all items. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "ask %s once per request", words_place(r, f->where));
	s->apply = run_printf(r, "call %s with all keys at once (ids=1,2,3), or make the calls in "
	    "parallel with a bound", words_place(r, f->where));
	s->undo = UNDO_REVERT;
}

const struct fix fix_net_batch = {
	.kind = "io.net.n-plus-one", .action = "net.batch", .gain_low = 0.5, .gain_high = 0.9,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "the other side needs an endpoint that answers for many; parallel calls "
	    "load it in bursts",
};

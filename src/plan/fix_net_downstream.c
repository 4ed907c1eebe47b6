/* SPDX-License-Identifier: MIT */
/* Ask the other server less often, and not for ever. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "wait less for %s", words_place(r, f->where));
	s->apply = run_printf(r, "remember the answers of %s with a time to live, set a timeout with a fallback",
	    words_place(r, f->where));
	s->undo = UNDO_REVERT;
}

const struct fix fix_net_downstream = {
	.kind = "io.net.downstream", .action = "net.cache", .gain_low = 0.3, .gain_high = 0.9,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "cached answers are stale for their lifetime; a fallback is a second "
	    "behaviour that needs a test",
};

/* SPDX-License-Identifier: MIT */
/* Ask a server that limits its users less often. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "ask %s less often, or with a higher limit", words_place(r, f->where));
	s->apply = "put several questions into one call; keep answers that may be old; take what need not be "
	    "done at once out of the request into a queue that sends at the allowed rate; ask for a higher "
	    "limit; obey Retry-After instead of a fixed pause";
	s->undo = UNDO_REVERT;
}

const struct fix fix_rate_ask_less = {
	.kind = "contention.rate-limit", .action = "rate.ask-less", .gain_low = 0.5, .gain_high = 0.95,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "answers may be older, and what is queued is done later",
};

/* SPDX-License-Identifier: MIT */
/* Ask again less often, and not at all where it cannot help. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "mend the errors of %s, and bound the retries", words_place(r, f->where));
	s->apply = "allow retries for a tenth of the calls (a budget), with jitter and one deadline for the whole "
	    "request; stop asking while it keeps failing (circuit breaker) and answer without it";
	s->undo = UNDO_REVERT;
}

const struct fix fix_net_retry = {
	.kind = "io.net.retry", .action = "net.retry-budget", .gain_low = 0.5, .gain_high = 0.95,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "an error that would have passed at the next try reaches the user",
};

/* SPDX-License-Identifier: MIT */
/* One computes, the others take the old answer or wait for the new one. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "let one request compute %s for all", words_place(r, f->where));
	s->apply = "mark the entry as being computed: whoever finds the mark takes the old answer, or waits for "
	    "the new one (single flight); compute shortly before it expires; spread expiry times";
	s->undo = UNDO_REVERT;
}

const struct fix fix_stampede_single = {
	.kind = "contention.stampede", .action = "code.single-flight", .gain_low = 0.7, .gain_high = 0.98,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "answers are older by the time that computing takes",
};

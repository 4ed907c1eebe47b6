/* SPDX-License-Identifier: MIT */
/* Hold rows for less time, or not the same row. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "shorten the transactions around %s", words_place(r, f->where));
	s->apply = run_printf(r, "do everything slow before BEGIN or after COMMIT and this statement last "
	    "before COMMIT; split a row that all update (a counter) into several that are added up when "
	    "read; take work from queues with FOR UPDATE SKIP LOCKED:\n%s", f->where ? f->where : "");
	s->undo = UNDO_REVERT;
}

const struct fix fix_db_transaction = {
	.kind = "contention.db-lock", .action = "db.transaction", .gain_low = 0.5, .gain_high = 0.95,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "split counters must be added up when read; with SKIP LOCKED the order of work changes",
};

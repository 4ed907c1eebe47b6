/* SPDX-License-Identifier: MIT */
/* Fetch with one statement what is now fetched row by row. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	const struct run_query *q = words_query(r, f);
	const char *route = f->route ? f->route : "the request";

	s->what = run_printf(r, "fetch all rows of %s with one statement", words_place(r, f->where));
	s->apply = run_printf(r, "in the code behind %s, collect the keys first and run the statement "
	    "once with WHERE key IN (...) or a JOIN, instead of %.3g times:\n%s", route,
	    q ? q->per_request : 0.0, q && q->fingerprint ? q->fingerprint : words_place(r, f->where));
	s->undo = UNDO_REVERT;
}

const struct fix fix_db_batch = {
	.kind = "io.db.n-plus-one", .action = "db.batch", .gain_low = 0.5, .gain_high = 0.9,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "one larger statement and code that distributes its rows; very long lists "
	    "need cutting into batches",
};

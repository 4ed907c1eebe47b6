/* SPDX-License-Identifier: MIT */
/* Ask the database for what is shown. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	const char *route = f->route ? f->route : "the request";

	s->what = run_printf(r, "read only what %s shows", route);
	s->apply = run_printf(r, "in the code behind %s, name the columns that are used instead of all of "
	    "them, and filter, add up and cut off (WHERE, GROUP BY, LIMIT) in the statement:\n%s", route,
	    f->where ? f->where : "");
	s->undo = UNDO_REVERT;
}

const struct fix fix_db_columns = {
	.kind = "io.db.over-fetch", .action = "db.columns", .gain_low = 0.6, .gain_high = 0.95,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "a statement more of its own shape; an object mapper may fetch the rest one by one when "
	    "code touches it",
};

/* SPDX-License-Identifier: MIT */
/* One sync for many requests. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "share one sync among requests in %s", words_place(r, f->where));
	s->apply = run_printf(r, "let a writer thread collect what arrived in the last 2 ms and call "
	    "%s once for all, then answer them; do not sync logs; SQLite: PRAGMA journal_mode=WAL, "
	    "PRAGMA synchronous=NORMAL", words_place(r, f->where));
	s->undo = UNDO_REVERT;
}

const struct fix fix_disk_group_commit = {
	.kind = "io.disk.sync", .action = "disk.group-commit", .gain_low = 0.5, .gain_high = 0.9,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_HIGH, .propose = propose,
	.tradeoff = "each request waits a little for the group; without the sync the last "
	    "moments are lost when power fails",
};

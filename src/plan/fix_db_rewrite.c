/* SPDX-License-Identifier: MIT */
/* Make the statement ask for less, or ask it less often; a commit waits for the disk, whatever it ends. */
#include <strings.h>

#include "plan/fix.h"
#include "plan/words.h"

static void
propose_commit(struct run_step *s)
{
	s->what = "commit less often";
	s->apply = "put the changes of a request, or of several, into one transaction (insert many rows with one "
	    "statement); where losing the last moments in a crash is no harm, SET synchronous_commit = off "
	    "for these transactions; else the log (pg_wal) on a disk that syncs faster, or commit_delay";
	s->tradeoff = "what shares a transaction fails together; without synchronous_commit a crash of the "
	    "server loses up to some 0.6 s of acknowledged commits";
	s->undo = UNDO_REVERT;
}

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	if (f->where && strncasecmp(f->where, "COMMIT", 6) == 0) {
		propose_commit(s);
		return;
	}
	s->what = run_printf(r, "rewrite %s", words_place(r, f->where));
	s->apply = run_printf(r, "name only the needed columns and rows, paginate by key instead of "
	    "OFFSET, keep aggregates up to date instead of computing them; or cache its answer:\n%s",
	    f->where ? f->where : "");
	s->undo = UNDO_REVERT;
}

const struct fix fix_db_rewrite = {
	.kind = "io.db.slow-query", .action = "db.rewrite", .gain_low = 0.3, .gain_high = 0.8,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "the results must be compared with those of the old statement; a kept "
	    "aggregate must be updated on every write",
};

/* SPDX-License-Identifier: MIT */
/* Keep in memory what is read from the disk. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "keep in memory what %s reads", words_place(r, f->where));
	s->apply = "read the file once per change instead of once per request, or give the host memory "
	    "enough for its page cache";
	s->undo = UNDO_REVERT;
}

const struct fix fix_disk_cache = {
	.kind = "io.disk.read", .action = "disk.cache", .gain_low = 0.5, .gain_high = 0.9,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "memory; the copy must be renewed when the file changes",
};

/* SPDX-License-Identifier: MIT */
/* Keep connections open. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "keep connections to %s open", words_place(r, f->where));
	s->apply = run_printf(r, "make one client with keep-alive, or a connection pool, for the whole "
	    "process and use it for every call to %s", words_place(r, f->where));
	s->undo = UNDO_REVERT;
}

const struct fix fix_net_reuse = {
	.kind = "io.net.connect", .action = "net.reuse", .gain_low = 0.5, .gain_high = 0.9,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "idle connections cost memory on both sides; dead ones must be noticed",
};

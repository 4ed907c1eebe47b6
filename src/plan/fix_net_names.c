/* SPDX-License-Identifier: MIT */
/* Keep what was looked up. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "do not ask %s for each request", words_place(r, f->where));
	s->apply = "keep connections open (then nothing is looked up), keep addresses for their time to live, or "
	    "run a caching resolver on this host";
	s->undo = UNDO_REVERT;
}

const struct fix fix_net_names = {
	.kind = "io.net.dns", .action = "net.keep-names", .gain_low = 0.7, .gain_high = 0.99,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "a server that moves is found when the kept address expires",
};

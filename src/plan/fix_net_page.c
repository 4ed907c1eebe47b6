/* SPDX-License-Identifier: MIT */
/* Answer only what is shown. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "answer %s in pages", words_place(r, f->where));
	s->apply = run_printf(r, "give %s a limit and a key to continue from (LIMIT, WHERE id > ?), "
	    "leave out fields that the page does not show, and compress what is left",
	    words_place(r, f->where));
	s->undo = UNDO_REVERT;
}

const struct fix fix_net_page = {
	.kind = "io.net.payload", .action = "net.page", .gain_low = 0.5, .gain_high = 0.9,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "clients that need everything must ask for page after page; the interface "
	    "changes",
};

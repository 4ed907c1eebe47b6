/* SPDX-License-Identifier: MIT */
/* One write an answer or a question, or no waiting between writes. */
#include <string.h>

#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->undo = UNDO_REVERT;
	if (f->where && strncmp(f->where, "answers of ", strlen("answers of ")) != 0) {
		s->what = run_printf(r, "send questions to %s at once", words_place(r, f->where));
		s->apply = "set TCP_NODELAY on the connections to it, or write a question's parts in one call (writev, "
		    "a buffer)";
		return;
	}
	s->what = run_printf(r, "send the %s at once", words_place(r, f->where));
	s->apply = "set TCP_NODELAY on the connections of clients (Python: disable_nagle_algorithm = True of "
	    "the request handler; Java's HttpServer: -Dsun.net.httpserver.nodelay=true), or write head and "
	    "body in one call";
}

const struct fix fix_net_nodelay = {
	.kind = "io.net.nagle", .action = "net.nodelay", .gain_low = 0.9, .gain_high = 0.98,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "without Nagle's algorithm each small write is a packet of its own",
};

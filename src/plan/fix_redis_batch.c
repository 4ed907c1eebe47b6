/* SPDX-License-Identifier: MIT */
/* One command, or one pipeline, for all keys. */
#include "plan/fix.h"
#include "plan/words.h"

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	const char *route = f->route ? f->route : "the request";

	s->what = run_printf(r, "ask Redis once for all keys of %s", words_place(r, f->where));
	s->apply = run_printf(r, "in the code behind %s, collect the keys first and send one MGET (HMGET, "
	    "SMISMEMBER), or put the commands into one pipeline", route);
	s->undo = UNDO_REVERT;
}

const struct fix fix_redis_batch = {
	.kind = "io.redis.n-plus-one", .action = "redis.batch", .gain_low = 0.7, .gain_high = 0.95,
	.effort = LEVEL_LOW, .risk = LEVEL_LOW, .propose = propose,
	.tradeoff = "very long commands keep Redis from others: cut them into hundreds of keys; in a "
	    "cluster all keys of a command must be in one slot",
};

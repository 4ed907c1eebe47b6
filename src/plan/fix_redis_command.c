/* SPDX-License-Identifier: MIT */
/* A command that does less. */
#include <strings.h>

#include "plan/fix.h"
#include "plan/words.h"

static const char *
instead(const char *command)
{
	if (command && strncasecmp(command, "KEYS", 4) == 0)
		return "keep the names in a set beside the keys (SADD, SREM) and read that; SCAN where all "
		    "keys are wanted";
	if (command && (strncasecmp(command, "GET", 3) == 0 || strncasecmp(command, "HGETALL", 7) == 0))
		return "store what is read together as fields of a hash and ask for those that are needed "
		    "(HMGET); cut large values into parts; compress them";
	return "ask for a part (SSCAN, HMGET, LRANGE with bounds), or keep the answer ready under a key of "
	    "its own";
}

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "replace %s", words_place(r, f->where));
	s->apply = run_printf(r, "%s", instead(f->where));
	s->undo = UNDO_REVERT;
}

const struct fix fix_redis_command = {
	.kind = "io.redis.slow-command", .action = "redis.command", .gain_low = 0.5, .gain_high = 0.95,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_MEDIUM, .propose = propose,
	.tradeoff = "data laid out anew need a migration, and code that keeps both in step meanwhile",
};

/* SPDX-License-Identifier: MIT */
/* One command of Redis has much of the time, and not for its number.
 *
 * Redis carries out one command at a time: a command that walks all keys, or moves a large value,
 * keeps everybody waiting. A command that others wait for looks slow itself, so the one with the
 * largest share is told, and what the command does is said where it is known to be heavy. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "diagnose/statements.h"
#include "diagnose/talks.h"
#include "diagnose/text.h"

#define SHARE_MIN     0.15
#define SLOW_SECONDS  0.001          /* of a command that may take long: most take a twentieth of it */
#define SLOW_ANY      0.005          /* of any other */

/* Commands whose work grows with the number of keys or elements: redis.io/commands, "Time
 * complexity". */
static const char *
heavy(const char *fingerprint)
{
	static const struct { const char *command, *does; } rows[] = {
		{ "KEYS", "looks at every key of the server" },
		{ "SMEMBERS", "answers all elements of a set" },
		{ "HGETALL", "answers all fields of a hash" },
		{ "LRANGE", "answers a range of a list" },
		{ "ZRANGE", "answers a range of a sorted set" },
		{ "SORT", "sorts all elements" },
		{ "SUNION", "joins whole sets" }, { "SINTER", "compares whole sets" },
		{ "SDIFF", "compares whole sets" },
		{ "FLUSHALL", "removes every key" }, { "FLUSHDB", "removes every key" },
		{ "EVAL", "runs a script" }, { "EVALSHA", "runs a script" },
	};

	for (size_t i = 0; fingerprint && i < COUNT_OF(rows); i++) {
		size_t n = strlen(rows[i].command);
		if (strncasecmp(fingerprint, rows[i].command, n) == 0
		    && !isalnum((unsigned char)fingerprint[n]))
			return rows[i].does;
	}
	return NULL;
}

static bool
is_large(const struct run_query *q)
{
	return q->bytes >= STATEMENT_LARGE;
}

static bool
is_slow(const struct run_query *q)
{
	return statement_seconds(q) >= (heavy(q->fingerprint) || is_large(q) ? SLOW_SECONDS : SLOW_ANY);
}

static void
tell(const struct facts *f, struct draft *d, const struct run_query *q, double share)
{
	const char *does = heavy(q->fingerprint);
	bool large = is_large(q);
	struct run_finding *out = finding_add(d, share, does || large ? 0.92 : 0.75,
	    text_brief(f->run, q->fingerprint, 160));

	out->route = q->route ? run_str(f->run, q->route) : facts_route(f, PART_CACHE, q->fingerprint);
	out->summary = run_printf(f->run, "%s of the time is one command of Redis: %s", PCT(share),
	    text_brief(f->run, q->fingerprint, 60));
	statement_evidence(d, q);
	if (does)
		finding_evidence(d, "it %s, and Redis does nothing else meanwhile", does);
	if (!does && !large)
		finding_against(d, "neither the command nor its answer is known to be large: Redis may "
		    "be busy with something else");
}

/* Where no command was seen. */
static bool
tell_questions(const struct facts *f, struct draft *d)
{
	const struct run_call *c = talks_most(f, PART_CACHE);
	double share = c ? talks_share(f, c, PART_CACHE) : 0;
	bool large = c && c->bytes >= STATEMENT_LARGE;

	if (!c || c->per_request >= QUERY_REPEATED || share < SHARE_MIN
	    || !(talks_seconds(c) >= (large ? SLOW_SECONDS : SLOW_ANY)))
		return false;
	struct run_finding *out = finding_add(d, share, 0.75, c->peer);
	out->summary = run_printf(f->run, "%s of the time is a command of %s that takes %s", PCT(share), c->peer,
	    DURATION(talks_seconds(c)));
	talks_evidence(d, c);
	if (large)
		finding_evidence(d, "it answers %s each time", SIZE(c->bytes));
	return true;
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_query *q = statement_largest(f, false);
	double share = q ? statement_share_around(f, q) : 0;

	if (tell_questions(f, d))
		return;
	if (!q)
		rule_out(d, "no command of Redis was seen");
	else if (share < SHARE_MIN)
		rule_out(d, "the heaviest command of Redis has %s of the time", PCT(share));
	else if (statement_calls(q) >= QUERY_REPEATED)
		rule_out(d, "%s is sent %.3g times per request: its number is what costs",
		    text_brief(f->run, q->fingerprint, 60), statement_calls(q));
	else if (!is_slow(q))
		rule_out(d, "%s takes %s, as commands of Redis do", text_brief(f->run, q->fingerprint, 60),
		    DURATION(statement_seconds(q)));
	else
		tell(f, d, q, share);
}

const struct detector detect_redis_slow_command = {
	.kind = "io.redis.slow-command", .class = CLASS_IO, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "one command of Redis takes long",
};

/* SPDX-License-Identifier: MIT */
/* Ask another server while the slowest one is asked: where a request asks both, one after the other. */
#include <math.h>

#include "base/same.h"
#include "plan/fix.h"
#include "plan/words.h"

#define EACH_MIN   0.9   /* calls a request */
#define SERIAL_MIN 0.8   /* of the time that its calls took the request waited for nothing else */

static const struct run_call *
call_of(const struct run *r, const struct run_finding *f)
{
	const struct run_trace *t = &r->evidence.trace;

	for (size_t i = 0; i < t->n_calls; i++)
		if (text_same(t->calls[i].peer, f->where) && text_same(t->calls[i].route, f->route))
			return &t->calls[i];
	return NULL;
}

/* That a request of this route waits for the peer, as it was painted; 0 unknown. */
static double
waited(const struct run *r, const struct run_finding *f)
{
	const struct run_trace *t = &r->evidence.trace;
	double seconds = 0;

	for (size_t i = 0; i < t->n_routes; i++)
		for (size_t k = 0; k < t->routes[i].n_parts && text_same(t->routes[i].route, f->route) &&
		    text_same(t->routes[i].scope, "all"); k++)
			if (text_same(t->routes[i].parts[k].where, f->where) && t->routes[i].parts[k].seconds > 0)
				seconds += t->routes[i].parts[k].seconds;
	return seconds;
}

/* Each request asks it, and waits for as long as the calls take: not while another is out. */
static bool
is_serial(const struct run *r, const struct run_finding *f)
{
	const struct run_call *c = call_of(r, f);

	return c && c->per_request >= EACH_MIN && c->calls > 0 &&
	    waited(r, f) >= SERIAL_MIN * c->per_request * c->seconds / c->calls;
}

/* Of the same requests the one that they wait for longest. */
static const struct run_finding *
longest(const struct run *r, const struct run_finding *f)
{
	const struct run_finding *best = f;

	for (size_t i = 0; i < r->n_findings; i++) {
		const struct run_finding *other = &r->findings[i];
		if (text_same(other->kind, f->kind) && text_same(other->route, f->route) && other->share > best->share)
			best = other;
	}
	return best;
}

static bool
applies(const struct run *r, const struct run_finding *f)
{
	const struct run_finding *other = longest(r, f);

	return other != f && is_serial(r, f) && is_serial(r, other);
}

static void
propose(struct run *r, const struct run_finding *f, struct run_step *s)
{
	s->what = run_printf(r, "ask %s while %s is asked", words_place(r, f->where),
	    words_place(r, longest(r, f)->where));
	s->apply = "begin both calls before the first answer is waited for (Promise.all, asyncio.gather, errgroup, "
	    "CompletableFuture.allOf, a pool of threads); so where neither needs what the other answers";
	s->undo = UNDO_REVERT;
}

const struct fix fix_net_parallel = {
	.kind = "io.net.downstream", .action = "net.parallel", .gain_low = 0.7, .gain_high = 1,
	.effort = LEVEL_MEDIUM, .risk = LEVEL_LOW, .applies = applies, .propose = propose,
	.tradeoff = "the second server is asked also where the first one's answer would have made that needless",
};

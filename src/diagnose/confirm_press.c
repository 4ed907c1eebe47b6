/* SPDX-License-Identifier: MIT */
#include "diagnose/confirm.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "diagnose/text.h"

/* Of what was taken: throughput falls by as much where nothing else limits. */
#define FOLLOWS       0.5    /* and its interval is above zero */
#define FOLLOWS_FULLY 0.7
#define STAYS         0.5    /* the upper end of its interval */
#define RAN_INTO      0.2    /* of the quota's periods: it wanted what was taken away */
#define DOUBTED       0.7    /* of the confidence */
#define MAIN_SHARE    0.5    /* a finding that leaves no place for another limit */

static bool
follows(const struct run_press *p, double least)
{
	return p->drop_low > 0 && p->drop >= least * p->taken;
}

/* Computing in the service's own processes. */
static bool
is_of_service(const char *kind)
{
	static const char *const kinds[] = { "cpu.hot-function", "cpu.event-loop", "cpu.single-thread",
		"cpu.saturated", "memory.gc", "memory.alloc", "memory.page-fault", "contention.stampede", NULL };

	return text_in(kind, kinds);
}

/* Of those, what claims that there is no CPU left. */
static bool
is_of_capacity(const char *kind)
{
	static const char *const kinds[] = { "cpu.event-loop", "cpu.single-thread", "cpu.saturated", NULL };

	return text_in(kind, kinds);
}

static bool
is_within(const char *kind, const char *family)
{
	return kind && strncmp(kind, family, strlen(family)) == 0;
}

/* Does the finding say that this server is what takes the time? */
static bool
is_of_peer(const struct run_finding *f, const struct run_press *p)
{
	if (is_within(f->kind, "io.db."))
		return text_same(p->kind, "postgresql") || text_same(p->kind, "mysql");
	if (is_within(f->kind, "io.redis."))
		return text_same(p->kind, "redis");
	return is_within(f->kind, "io.net.") && p->address && text_has(f->where, p->address);
}

/* It is the other's work that takes the time, not the service's own in asking for it. */
static bool
is_work_of_others(const char *kind)
{
	static const char *const kinds[] = { "io.db.slow-query", "io.db.missing-index", "io.redis.slow-command",
		"io.net.downstream", NULL };

	return text_in(kind, kinds);
}

static void
support(struct run *r, struct run_finding *out, const struct run_press *p)
{
	out->basis = "causal";
	RUN_ADD_STR(r, out->evidence, out->n_evidence, run_printf(r, "tried: with %s less CPU for %s the service "
	    "answers %s less (%s to %s)", PCT(p->taken), p->name, PCT(p->drop), PCT(p->drop_low),
	    PCT(p->drop_high)));
}

static void
doubt(struct run *r, struct run_finding *out, const char *why)
{
	out->confidence *= DOUBTED;
	RUN_ADD_STR(r, out->against, out->n_against, why);
}

static void
judge_service(struct run *r, struct run_finding *out, const struct run_press *p)
{
	bool at_its_end = p->stopped >= RAN_INTO;

	if (follows(p, FOLLOWS))
		support(r, out, p);
	else if (p->drop_high < STAYS * p->taken && (at_its_end || is_of_capacity(out->kind)))
		doubt(r, out, run_printf(r, "tried: with %s less CPU for %s the service answers as fast as before: it "
		    "%s", PCT(p->taken), p->name, at_its_end ? "does not wait for this CPU" : "had CPU to spare"));
}

static void
judge(struct run *r, struct run_finding *out, const struct run_press *p)
{
	bool of_service = text_same(p->kind, "service");

	if (of_service && is_of_service(out->kind))
		judge_service(r, out, p);
	else if (!of_service && is_of_peer(out, p) && follows(p, FOLLOWS))
		support(r, out, p);
	else if (out->share < MAIN_SHARE || !follows(p, FOLLOWS_FULLY))
		return;
	else if (of_service && is_work_of_others(out->kind))
		doubt(r, out, run_printf(r, "tried: with %s less CPU for %s itself the service answers %s less: its own "
		    "computing limits it", PCT(p->taken), p->name, PCT(p->drop)));
	else if (!of_service && is_of_service(out->kind))
		doubt(r, out, run_printf(r, "tried: with %s less CPU for %s, which it asks, the service answers %s less",
		    PCT(p->taken), p->name, PCT(p->drop)));
}

void
confirm_presses(const struct facts *f)
{
	struct run *r = f->run;

	for (size_t i = 0; i < r->evidence.n_presses; i++)
		for (size_t k = 0; k < r->n_findings && !r->evidence.presses[i].why; k++)
			judge(r, &r->findings[k], &r->evidence.presses[i]);
}

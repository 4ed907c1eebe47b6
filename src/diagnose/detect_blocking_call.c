/* SPDX-License-Identifier: MIT */
/* The thread that serves all connections makes calls that block: file access, name lookups,
 * waiting for another server. While it sleeps in one, nobody is served. */
#include <math.h>

#include "diagnose/peers.h"
#include "diagnose/sites.h"
#include "diagnose/text.h"

#define BLOCKED_MIN 0.10   /* of the loop's time, as far as it has a CPU when it wants one */
#define HAS_CPU_MIN 0.10   /* with less of it nothing is told */
#define SHARE_MIN   0.10   /* of the requests' */
#define STACKS_MIN  0.05   /* of what threads were blocked in */

static bool
is_blocking(const struct facts *f, const struct run_part *p, enum run_part_kind kind)
{
	if (p->kind != kind)
		return false;
	return kind == PART_OTHER ? !p->where : !(kind == PART_NET && peer_is_client(p->where) && !peer_is_unseen(f, p));
}

/* What threads were blocked in has left stacks; what the loop polls for has not. Without any nothing is told. */
static bool
may_block(const struct facts *f, enum run_part_kind kind)
{
	double all = 0, its = 0;

	for (size_t i = 0; i < f->trace->n_stacks; i++) {
		const struct run_stack *s = &f->trace->stacks[i];
		if (text_same(s->kind, part_kind_name(PART_CPU)) || !(s->seconds > 0))
			continue;
		all += s->seconds;
		its += text_same(s->kind, part_kind_name(kind)) ? s->seconds : 0;
	}
	return its >= STACKS_MIN * all;
}

/* The kind that blocks, by how surely it does: file access always blocks, other servers and timers are often waited for
 * without blocking; last what has no name, as reading from a pipe. */
static const struct run_part *
largest_blocking(const struct facts *f, double *ret_sum)
{
	static const enum run_part_kind kinds[] = { PART_DISK, PART_NET, PART_DB, PART_SLEEP, PART_OTHER };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const struct run_part *top = NULL;
		*ret_sum = 0;
		for (size_t i = 0; i < f->n_parts; i++)
			if (is_blocking(f, &f->parts[i], kinds[k]) && may_block(f, kinds[k])) {
				*ret_sum += f->parts[i].share;
				top = top ? top : &f->parts[i];
			}
		if (top && *ret_sum >= SHARE_MIN)
			return top;
	}
	return NULL;
}

/* While it waits for a CPU it cannot be blocked: of the rest. */
static double
blocked_share(const struct run_thread *t)
{
	double has_cpu = 1 - (t->runqueue > 0 ? t->runqueue : 0);

	return has_cpu >= HAS_CPU_MIN ? fmin(t->blocked / has_cpu, 1) : NAN;
}

static void
detect(const struct facts *f, struct draft *d)
{
	double sum;
	const struct run_part *top = largest_blocking(f, &sum);

	if (!f->loop) {
		rule_out(d, "no thread of the service runs an event loop");
		return;
	}
	if (!(blocked_share(f->loop) >= BLOCKED_MIN) || !top) {
		rule_out(d, "the event loop is blocked outside of its poll %s of the time",
		    PCT(isfinite(f->loop->blocked) ? f->loop->blocked : 0));
		return;
	}
	const struct run_site *site = facts_site(f, top->kind);
	const char *where = top->where ? text_brief(f->run, top->where, 160)
	    : top->kind == PART_NET ? PEER_UNSEEN : top->kind == PART_SLEEP ? "a sleep" : "a system call";
	struct run_finding *out = finding_add(d, sum, 0.9,
	    site ? run_printf(f->run, "%s in %s", where, site->function) : where);
	out->route = facts_route(f, top->kind, top->where);
	out->summary = run_printf(f->run, "the event loop itself waits in %s: %s of the requests' "
	    "time", where, PCT(sum));
	finding_evidence(d, "the loop's thread is blocked %s of the time outside of its poll",
	    PCT(f->loop->blocked));
	finding_evidence(d, "%s: %s of the requests' time, %s each", where, PCT(top->share),
	    DURATION(top->seconds));
	if (site)
		finding_evidence(d, "it is called by %s", facts_site_place(f, top->kind));
}

const struct detector detect_blocking_call = {
	.kind = "io.blocking-call", .class = CLASS_IO, .weight = 1.05 * WEIGHT_CAUSE, .detect = detect,
	.about = "the event loop makes calls that block",
};

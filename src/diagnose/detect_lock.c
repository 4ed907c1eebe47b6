/* SPDX-License-Identifier: MIT */
/* Requests wait for one lock while CPUs idle.
 *
 * Must also hold: the CPUs are not full (waiting for a holder that waits for a CPU is too little
 * CPU), and more than one waits on average, or waiting is
 * a large part of the time. Locks inside a database's execution are the
 * statement's; an interpreter's global lock is cpu.single-thread. */
#include <math.h>
#include <string.h>

#include "diagnose/channel.h"
#include "diagnose/charge.h"
#include "diagnose/detect.h"
#include "diagnose/lock_pool.h"
#include "diagnose/spin.h"
#include "diagnose/text.h"

#define SHARE_MIN    0.15
#define SHARE_CLEAR  0.30   /* from here on even one waiter at a time is a queue */
#define WAITERS_MIN  1.5
#define CPU_FULL     0.90

static bool
is_interpreter_lock(const char *where)
{
	return text_same(where, "Python GIL") || text_has(where, "_PyRuntime");
}

/* Goroutines do not wait at futexes: threads of Go's runtime do, for what it keeps to itself. */
static bool
is_runtime_lock(const char *lock)
{
	static const char head[] = "lock in runtime.";

	return lock && strncmp(lock, head, strlen(head)) == 0;
}

/* Threads of libuv's pool wait for work at a condition that whoever has some signals: the pool's queue. */
static bool
is_pool_queue(const struct run_wait *w)
{
	return w && (text_same(w->site, "uv_cond_signal") || text_same(w->site, "uv_cond_broadcast"));
}

static double
holder_share(const struct run_wait *w, enum run_part_kind kind)
{
	double sum = 0;

	for (size_t i = 0; w && i < w->n_holder; i++)
		if (w->holder[i].kind == kind && w->holder[i].share > 0)
			sum += w->holder[i].share;
	return sum;
}

/* The holder needs a CPU and there is none. */
static bool
starved(const struct facts *f, const struct run_wait *w)
{
	return f->utilisation > CPU_FULL && w
	    && holder_share(w, PART_CPU) + holder_share(w, PART_RUNQUEUE) > 0.5;
}

/* A lock without a name is called after who takes it: most often who holds it too. */
static bool
is_named_by(const char *lock, const char *function)
{
	static const char in[] = "lock in ";
	return lock && !strncmp(lock, in, strlen(in)) && text_same(lock + strlen(in), function);
}

static void
tell(const struct facts *f, struct draft *d, const struct run_part *p, const struct run_wait *w)
{
	const char *lock = text_brief(f->run, p->where, 120);
	const char *held = w && w->site && !is_named_by(p->where, w->site) ? w->site : NULL;
	struct run_finding *out = finding_add(d, p->share, w && w->n_holder ? 0.93 : 0.8,
	    held ? run_printf(f->run, "%s (held in %s)", lock, held) : lock);

	out->route = facts_route(f, PART_LOCK, p->where);
	out->summary = run_printf(f->run, "requests wait %s of their time for the %s%s%s%s",
	    PCT(p->share), strncmp(lock, "lock ", 5) ? "lock " : "", lock, held ? ", held in " : "",
	    held ? held : "");
	if (w) {
		if (w->waits > 0)
			finding_evidence(d, "%lld waits, %s each; %.2g wait at the same time",
			    (long long)w->waits, DURATION(w->seconds / w->waits), w->mean_waiters);
		else
			finding_evidence(d, "%.2g threads wait at the same time, sampled", w->mean_waiters);
		if (w->n_holder)
			finding_evidence(d, "meanwhile the holder: %s",
			    text_parts(f->run, w->holder, w->n_holder, 3));
	}
	if (isfinite(f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use",
		    PCT(f->utilisation));
	if (!w || !w->n_holder)
		finding_against(d, "who held the lock was not seen");
}

static void
detect(const struct facts *f, struct draft *d)
{
	const struct run_part *top = NULL;
	const char *why = NULL;

	spin_tell(f, d);
	channel_tell(f, d);
	for (size_t i = 0; i < f->n_parts; i++) {
		const struct run_part *p = &f->parts[i];
		if (p->kind != PART_LOCK || p->share < SHARE_MIN) {
			if (p->kind == PART_LOCK && !top)
				top = p;
			continue;
		}
		const struct run_wait *w = charge_wait(f->run, PART_LOCK, p->where);
		struct lock_pool pool;
		if (is_interpreter_lock(p->where))
			why = "it is the interpreter's own lock: threads take turns on one core";
		else if (is_runtime_lock(p->where))
			why = "it is a lock inside Go's runtime";
		else if (is_pool_queue(w))
			why = "threads of libuv's pool wait for work there: see contention.workers";
		else if (lock_pool_behind(f, p, &pool))
			why = run_printf(f->run, "%s guards the connections to %s: see contention.pool",
			    text_brief(f->run, p->where, 60), pool.peer);
		else if (w && w->mean_waiters < (p->share < SHARE_CLEAR ? WAITERS_MIN : 1))
			why = run_printf(f->run, "only %.2g wait for %s at the same time", w->mean_waiters,
			    text_brief(f->run, p->where, 60));
		else if (starved(f, w))
			why = run_printf(f->run, "the holder of %s waits for a CPU: they are %s used",
			    text_brief(f->run, p->where, 60), PCT(f->utilisation));
		else
			tell(f, d, p, w);
		top = p;
	}
	for (size_t i = 0; i < d->n_findings; i++)
		if (d->findings[i].kind == d->detector->kind)
			return;
	if (why)
		rule_out(d, "%s", why);
	else
		rule_out(d, "requests wait for locks %s of their time%s%s", PCT(f->charged[PART_LOCK]),
		    top ? ", most for " : "", top ? text_brief(f->run, top->where, 60) : "");
}

const struct detector detect_lock = {
	.kind = "contention.lock", .class = CLASS_CONTENTION, .weight = WEIGHT_CAUSE, .detect = detect,
	.about = "requests wait for one lock",
};

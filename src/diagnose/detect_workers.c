/* SPDX-License-Identifier: MIT */
/* Requests wait for a free worker while the workers wait for something else and CPUs idle.
 *
 * A queue in front of workers that compute is not too few workers but too much computing. One in front of workers that
 * wait for a server is that server's, unless that has room for more. */
#include <math.h>

#include "diagnose/channel.h"
#include "diagnose/detect.h"
#include "diagnose/peers.h"
#include "diagnose/text.h"
#include "diagnose/workers.h"

#define CPU_FULL    0.70
#define POOL_TAKEN  0.85   /* of the time: a thread of a pool, or a worker, that is short */
#define POOL_IDLE   0.30   /* an engine's own thread does no more */

/* How many may ask a server at once that has room for more: that is the number of workers, and the cause. */
static void
tell_steady(struct draft *d, const struct facts *f, const struct workers *w)
{
	const struct run_call *c = peer_call(f, w->wait->where);

	finding_is_cause(d);
	finding_evidence(d, "they mostly wait for %s, which %.2g ask at a time, and which answers as fast as when one request "
	    "comes at a time (%s): it has room for more", text_brief(f->run, w->wait->where, 60),
	    f->phase->throughput * c->per_request * c->seconds / c->calls, DURATION(c->seconds / c->calls));
}

static void
tell(const struct facts *f, struct draft *d, const struct workers *w)
{
	double threads = 0;
	const struct run_process *first = facts_first_process(f);
	const char *name = first ? first->name : NULL;
	double at_channel;
	const struct run_wait *channel = channel_queue(f, &at_channel);
	const char *own = channel && at_channel > w->queue / 2 ? channel->where : NULL;

	for (size_t i = 0; i < f->run->system.n_processes; i++)
		threads += f->run->system.processes[i].threads;
	struct run_finding *out = finding_add(d, w->queue, w->wait && !w->steady ? 0.7 : 0.9,
	    own ? own : run_printf(f->run, "workers of %s", name ? name : "the service"));
	out->summary = own
	    ? run_printf(f->run, "requests wait %s of their time at a %s; who is ahead of them is blocked %s of it",
	          PCT(w->queue), own, PCT(1 - w->cpu))
	    : run_printf(f->run, "requests wait %s of their time for a free worker; the workers are blocked %s of "
	          "it", PCT(w->queue), PCT(1 - w->cpu));
	finding_evidence(d, "meanwhile the workers: %s", w->did);
	if (w->steady)
		tell_steady(d, f, w);
	else if (w->wait)
		finding_against(d, "they mostly wait for %s: were it faster, they would be free",
		    text_brief(f->run, w->wait->where, 60));
	if (isfinite(f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use",
		    PCT(f->utilisation));
	if (threads > 0)
		finding_evidence(d, "%zu processes with %.0f threads", f->run->system.n_processes,
		    threads);
	if (f->outside > WORKERS_QUEUE_MIN)
		finding_evidence(d, "%s of the answer time passes before the service reads the request",
		    PCT(f->outside));
}

/* ---- the pool beside an event loop ---------------------------------------------------------- */

/* The threads beside the loop that are taken nearly all the time, when they are all of a pool: the
 * others (an engine's own) do little. 0: there is no such pool. */
static size_t
pool_taken(const struct facts *f)
{
	size_t taken = 0;

	for (size_t i = 0; f->loop && i < f->trace->n_threads; i++) {
		const struct run_thread *t = &f->trace->threads[i];
		if (t->pid != f->loop->pid || !isfinite(t->helped))
			continue;
		if (t->helped >= POOL_TAKEN)
			taken++;
		else if (t->helped > POOL_IDLE)
			return 0;
	}
	return taken;
}

/* By Little's law so many requests are inside; those beyond the pool's threads wait for one. */
static bool
detect_pool(const struct facts *f, struct draft *d)
{
	size_t taken = pool_taken(f);
	const char *by = facts_site_place(f, PART_QUEUE);
	double inside = f->phase ? f->phase->throughput * f->phase->service.mean : NAN;
	double share = inside > 0 ? 1 - (double)taken / inside : 0;

	if (!by || taken < 2 || !(share >= WORKERS_QUEUE_MIN) || f->utilisation > CPU_FULL
	    || f->loop->cpu > CPU_FULL)
		return false;
	struct run_finding *out = finding_add(d, share, 0.9, run_printf(f->run, "libuv thread pool "
	    "(%zu threads) in %s", taken, facts_site(f, PART_QUEUE)->function));
	out->summary = run_printf(f->run, "%.3g requests are inside at a time, but libuv's pool has %zu "
	    "threads and all are taken: the others wait", inside, taken);
	finding_evidence(d, "work is handed to the pool by %s", by);
	finding_evidence(d, "each of the %zu threads is taken more than %s of the time", taken,
	    PCT(POOL_TAKEN));
	finding_evidence(d, "the event loop itself is on CPU only %s of the time", PCT(f->loop->cpu));
	if (isfinite(f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use",
		    PCT(f->utilisation));
	return true;
}

static void
detect(const struct facts *f, struct draft *d)
{
	struct workers w;

	if (detect_pool(f, d))
		return;
	const char *enough = workers_enough(f, &w);
	if (enough)
		rule_out(d, "%s", enough);
	else
		tell(f, d, &w);
}

const struct detector detect_workers = {
	.kind = "contention.workers", .class = CLASS_CONTENTION, .weight = WEIGHT_SHAPE,
	.detect = detect, .about = "requests wait for a worker that waits for something else",
};

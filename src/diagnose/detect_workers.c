/* SPDX-License-Identifier: MIT */
/* Requests wait for a free worker while the workers wait for something else and CPUs idle.
 *
 * A queue in front of workers that compute is not too few workers but too much computing. When
 * every worker is taken, what passed before the service saw the request is the same queue, in the
 * listening socket. */
#include <math.h>

#include "diagnose/channel.h"
#include "diagnose/pool_queue.h"
#include "diagnose/text.h"

#define QUEUE_MIN   0.20
#define ONE_WAIT_MIN 0.40  /* of the requests' time */
#define CPU_FULL    0.70
#define POOL_TAKEN  0.85   /* of the time: a thread of a pool, or a worker, that is short */
#define POOL_IDLE   0.30   /* an engine's own thread does no more */
#define IDLE_MIN    0.40   /* of the queue: the workers wait for work themselves */
#define LOOP_TAKEN  0.30   /* a loop that does less only hands requests to the workers */

/* What the workers did while requests queued for them. */
static size_t
workers_did(const struct facts *f, struct run_part *ret_parts, size_t max, double *ret_cpu)
{
	double by_kind[PART_KINDS] = { 0 }, sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < f->trace->n_waits; i++) {
		const struct run_wait *w = &f->trace->waits[i];
		if (pool_queue_is(w))
			continue;
		for (size_t k = 0; w->kind == PART_QUEUE && k < w->n_holder; k++)
			if (w->holder[k].kind < PART_KINDS && w->holder[k].share > 0)
				by_kind[w->holder[k].kind] += w->holder[k].share * fmax(w->seconds, 1e-9);
	}
	for (int k = 0; k < PART_KINDS; k++)
		sum += by_kind[k];
	if (sum <= 0) {
		sum = 1;
		for (int k = 0; k < PART_KINDS; k++)
			by_kind[k] = k == PART_QUEUE ? 0 : f->charged[k];
	}
	*ret_cpu = (by_kind[PART_CPU] + by_kind[PART_RUNQUEUE] + by_kind[PART_GC]) / sum;
	while (n < max) {
		int best = 0;
		for (int k = 1; k < PART_KINDS; k++)
			if (by_kind[k] > by_kind[best])
				best = k;
		if (by_kind[best] <= 0)
			break;
		ret_parts[n++] = (struct run_part){ .kind = best, .share = by_kind[best] / sum };
		by_kind[best] = 0;
	}
	return n;
}

/* Share of the time in queues in which the workers waited for a request themselves. */
static double
idle_share(const struct facts *f)
{
	double idle = 0, sum = 0;

	for (size_t i = 0; i < f->trace->n_waits; i++) {
		const struct run_wait *w = &f->trace->waits[i];
		if (w->kind != PART_QUEUE || !(w->seconds > 0))
			continue;
		sum += w->seconds;
		for (size_t k = 0; k < w->n_holder; k++)
			if (text_same(w->holder[k].where, "waiting for a request"))
				idle += w->holder[k].share * w->seconds;
	}
	return sum > 0 ? idle / sum : 0;
}

/* Served requests mostly wait for one thing that has a name: that is the cause before the number of workers. */
static const struct run_part *
one_wait(const struct facts *f)
{
	for (size_t i = 0; i < f->n_parts; i++) {
		const struct run_part *p = &f->parts[i];
		bool waits = p->kind == PART_DB || p->kind == PART_NET || p->kind == PART_CACHE || p->kind == PART_DISK;
		if (waits && p->where && p->share >= ONE_WAIT_MIN)
			return p;
	}
	return NULL;
}

static void
tell(const struct facts *f, struct draft *d, double queue, double cpu, const char *did)
{
	double threads = 0;
	const struct run_part *most = one_wait(f);
	const struct run_process *first = facts_first_process(f);
	const char *name = first ? first->name : NULL;
	double at_channel;
	const struct run_wait *channel = channel_queue(f, &at_channel);
	const char *own = channel && at_channel > queue / 2 ? channel->where : NULL;

	for (size_t i = 0; i < f->run->system.n_processes; i++)
		threads += f->run->system.processes[i].threads;
	struct run_finding *out = finding_add(d, queue, most ? 0.7 : 0.9,
	    own ? own : run_printf(f->run, "workers of %s", name ? name : "the service"));
	out->summary = own
	    ? run_printf(f->run, "requests wait %s of their time at a %s; who is ahead of them is blocked %s of it",
	          PCT(queue), own, PCT(1 - cpu))
	    : run_printf(f->run, "requests wait %s of their time for a free worker; the workers are blocked %s of "
	          "it", PCT(queue), PCT(1 - cpu));
	finding_evidence(d, "meanwhile the workers: %s", did);
	if (most)
		finding_against(d, "they mostly wait for %s: were it faster, they would be free",
		    text_brief(f->run, most->where, 60));
	if (isfinite(f->utilisation))
		finding_evidence(d, "CPU is not the limit: %s of what the service may use",
		    PCT(f->utilisation));
	if (threads > 0)
		finding_evidence(d, "%zu processes with %.0f threads", f->run->system.n_processes,
		    threads);
	if (f->outside > QUEUE_MIN)
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

	if (!by || taken < 2 || !(share >= QUEUE_MIN) || f->utilisation > CPU_FULL
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

/* Where requests were not traced: by Little's law so many are inside, and those beyond the workers that are
 * taken wait for one. A worker that is free at times shows that nobody does. */
static double
beyond_workers(const struct facts *f)
{
	double inside = f->phase ? f->phase->throughput * f->phase->service.mean : NAN, taken = 0;

	for (size_t i = 0; i < f->trace->n_threads; i++) {
		const struct run_thread *t = &f->trace->threads[i];
		double busy = fmax(t->cpu, 0) + fmax(t->runqueue, 0) + fmax(t->blocked, 0);
		if (busy > POOL_IDLE && busy < POOL_TAKEN)
			return 0;
		taken += busy >= POOL_TAKEN;
	}
	return taken > 0 && inside > taken ? 1 - taken / inside : 0;
}

static void
detect(const struct facts *f, struct draft *d)
{
	struct run_part parts[3];
	double cpu, queue = fmax(f->raw[PART_QUEUE] - pool_queue_shares(f), 0);
	size_t n = workers_did(f, parts, 3, &cpu);
	const char *did = text_parts(f->run, parts, n, 3);
	double idle = idle_share(f), at_channel;
	const struct run_wait *channel = channel_queue(f, &at_channel);

	if (detect_pool(f, d))
		return;
	if (f->trace->n_loaders) {
		rule_out(d, "no requests: what loads data is told as io.data-loading");
		return;
	}
	if (f->blocked_workers && f->outside > queue)
		queue = f->outside;
	if (f->blocked_workers && f->estimated && f->charged[PART_OTHER] < 0.5)
		queue = fmax(queue, beyond_workers(f));
	if (queue < QUEUE_MIN)
		rule_out(d, "requests wait %s of their time for a worker", PCT(queue));
	else if (f->at_rest)
		rule_out(d, "every target is met with half of its limit to spare, though requests wait %s of their time for a "
		    "worker", PCT(queue));
	else if (idle > IDLE_MIN)
		rule_out(d, "requests queue %s of their time, but the workers are free meanwhile (%s): "
		    "they are handed their work late", PCT(queue), did);
	else if (channel && at_channel > queue / 2 && channel_is_lock(f, channel))
		rule_out(d, "requests queue at the %s, which one at a time passes: see contention.lock", channel->where);
	else if (cpu > 0.5)
		rule_out(d, "requests queue %s of their time, but the workers compute: %s", PCT(queue),
		    did);
	else if (f->utilisation > CPU_FULL)
		rule_out(d, "CPU is %s used: more workers would only wait for it", PCT(f->utilisation));
	else if (f->loop && f->loop->cpu + f->loop->runqueue + f->loop->blocked > LOOP_TAKEN)
		rule_out(d, "an event loop serves the requests: it needs no worker per request");
	else
		tell(f, d, queue, cpu, did);
}

const struct detector detect_workers = {
	.kind = "contention.workers", .class = CLASS_CONTENTION, .weight = WEIGHT_SHAPE,
	.detect = detect, .about = "requests wait for a worker that waits for something else",
};

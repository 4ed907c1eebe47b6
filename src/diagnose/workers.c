/* SPDX-License-Identifier: MIT */
#include "diagnose/workers.h"

#include <math.h>

#include "diagnose/channel.h"
#include "diagnose/peers.h"
#include "diagnose/pool_queue.h"
#include "diagnose/text.h"

#define ONE_WAIT_MIN 0.40  /* of the requests' time */
#define CPU_FULL    0.70
#define POOL_TAKEN  0.85   /* of the time: a worker that is short */
#define POOL_IDLE   0.30   /* an engine's own thread does no more */
#define IDLE_MIN    0.40   /* of the queue: the workers wait for work themselves */
#define LOOP_TAKEN  0.30   /* a loop that does less only hands requests to the workers */
#define STEADY_MAX  1.3    /* an answer under load, against one alone: what else it may be late by */
#define ALONE_MIN   20     /* requests */
#define FEW_MAX     8      /* that ask a server at the same time */

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

/* Served requests mostly wait for one thing that has a name: as a rule that is the cause before the number of workers. */
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

/* Alone, a request takes as long as it is worked on, or waits for others, under load: without queues. Many workers that
 * all wait for one server are not what is wrong, even where it has room for more. */
static bool
is_steady(const struct facts *f, const struct run_part *wait)
{
	const struct run_call *c = wait && wait->kind == PART_NET ? peer_call(f, wait->where) : NULL;
	const struct run_phase *alone = facts_alone(f);
	double served = 1 - f->raw[PART_QUEUE] - f->raw[PART_RUNQUEUE];

	if (f->estimated || !f->phase || !c || !(c->calls > 0) || !alone || alone->answered < ALONE_MIN || !(served > 0))
		return false;
	double asking = c->seconds / c->calls * c->per_request;
	return asking * f->phase->throughput <= FEW_MAX
	    && asking <= STEADY_MAX * alone->service.mean * f->raw[PART_NET] / served;
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

/* When every worker is taken, what passed before the service saw the request is the same queue, in the listening
 * socket. */
static double
queue_share(const struct facts *f)
{
	double queue = fmax(f->raw[PART_QUEUE] - pool_queue_shares(f), 0);

	if (f->blocked_workers && f->outside > queue)
		queue = f->outside;
	if (f->blocked_workers && f->estimated && f->charged[PART_OTHER] < 0.5)
		queue = fmax(queue, beyond_workers(f));
	return queue;
}

const char *
workers_enough(const struct facts *f, struct workers *ret)
{
	struct run_part parts[3];
	struct workers w = { .queue = queue_share(f), .wait = one_wait(f) };
	size_t n = workers_did(f, parts, 3, &w.cpu);
	double idle = idle_share(f), at_channel;
	const struct run_wait *channel = channel_queue(f, &at_channel);

	w.did = text_parts(f->run, parts, n, 3);
	w.steady = is_steady(f, w.wait);
	*ret = w;
	if (f->trace->n_loaders)
		return "no requests: what loads data is told as io.data-loading";
	if (w.queue < WORKERS_QUEUE_MIN)
		return run_printf(f->run, "requests wait %s of their time for a worker", PCT(w.queue));
	if (f->at_rest)
		return run_printf(f->run, "every target is met with half of its limit to spare, though requests wait %s of "
		    "their time for a worker", PCT(w.queue));
	if (idle > IDLE_MIN)
		return run_printf(f->run, "requests queue %s of their time, but the workers are free meanwhile (%s): "
		    "they are handed their work late", PCT(w.queue), w.did);
	if (channel && at_channel > w.queue / 2 && channel_is_lock(f, channel))
		return run_printf(f->run, "requests queue at the %s, which one at a time passes: see contention.lock",
		    channel->where);
	if (w.cpu > 0.5)
		return run_printf(f->run, "requests queue %s of their time, but the workers compute: %s", PCT(w.queue), w.did);
	if (f->utilisation > CPU_FULL)
		return run_printf(f->run, "CPU is %s used: more workers would only wait for it", PCT(f->utilisation));
	if (f->loop && f->loop->cpu + f->loop->runqueue + f->loop->blocked > LOOP_TAKEN)
		return "an event loop serves the requests: it needs no worker per request";
	return NULL;
}

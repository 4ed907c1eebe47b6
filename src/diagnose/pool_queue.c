/* SPDX-License-Identifier: MIT */
#include "diagnose/pool_queue.h"

#include <math.h>
#include <string.h>

#include "diagnose/peers.h"
#include "diagnose/text.h"

#define POOL "connection pool"

bool
pool_queue_is(const struct run_wait *w)
{
	return w->kind == PART_QUEUE && w->where && strncmp(w->where, POOL, strlen(POOL)) == 0;
}

const struct run_wait *
pool_queue(const struct facts *f)
{
	const struct run_wait *best = NULL;

	for (size_t i = 0; i < f->trace->n_waits; i++) {
		const struct run_wait *w = &f->trace->waits[i];
		if (pool_queue_is(w) && (!best || w->seconds > best->seconds))
			best = w;
	}
	return best;
}

const char *
pool_queue_peer(const struct run_wait *w)
{
	const char *peer = w->where + strlen(POOL);

	return *peer == ' ' ? peer + 1 : w->where;
}

double
pool_queue_share(const struct facts *f, const struct run_wait *w)
{
	double waiting = 0, all = 0;

	for (size_t i = 0; i < f->trace->n_routes; i++) {
		const struct run_time *t = &f->trace->routes[i];
		double weight = t->requests > 0 && t->seconds > 0 ? t->requests * t->seconds : 0;
		if (!f->scope || !text_same(t->scope ? t->scope : "all", f->scope))
			continue;
		all += weight;
		for (size_t k = 0; k < t->n_parts; k++)
			if (t->parts[k].kind == PART_QUEUE && text_same(t->parts[k].where, w->where)
			    && t->parts[k].share > 0)
				waiting += t->parts[k].share * weight;
	}
	return all > 0 ? fmin(waiting / all, 1) : 0;
}

double
pool_queue_shares(const struct facts *f)
{
	double sum = 0;

	for (size_t i = 0; i < f->trace->n_waits; i++)
		if (pool_queue_is(&f->trace->waits[i]))
			sum += pool_queue_share(f, &f->trace->waits[i]);
	return fmin(sum, 1);
}

struct pool_held
pool_queue_holders(const struct facts *f, const struct run_wait *w)
{
	struct pool_held held = { 0 };
	double sum = 0;

	for (size_t i = 0; i < w->n_holder; i++) {
		const struct run_part *p = &w->holder[i];
		double share = p->share > 0 ? p->share : 0;
		bool computing = p->kind == PART_CPU || p->kind == PART_GC || p->kind == PART_RUNQUEUE
		    || p->kind == PART_QUEUE;   /* behind a queue of its own: a loop that is behind */
		bool peer = p->kind == PART_DB || p->kind == PART_CACHE
		    || (p->kind == PART_NET && text_same(p->where, pool_queue_peer(w)));
		sum += share;
		held.computing += computing ? share : 0;
		held.peer += peer ? share : 0;
	}
	if (sum <= 0)
		return held;
	held.computing /= fmax(sum, 1);
	held.peer /= fmax(sum, 1);
	held.elsewhere = fmax(0, 1 - held.computing - held.peer);
	return held;
}

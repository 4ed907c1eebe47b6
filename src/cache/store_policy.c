/* SPDX-License-Identifier: MIT */
#include "cache/store_policy.h"

#include <math.h>

#define MEAN_OVER 512    /* newcomers */

/* What the paper uses, for objects of one size. */
static const struct store_tuning paper = { .small_share = 0.1f, .promote = 2, .ghosts = 1, .rounds = 3 };

static struct store_node *
node_at(const struct store_policy *p, uint64_t at)
{
	return (struct store_node *)(void *)(p->base + at);
}

static struct store_fifo *
fifo_of(struct store_policy *p, enum store_queue queue)
{
	return queue == STORE_QUEUE_SMALL ? &p->small : &p->main;
}

void
store_policy_init(struct store_policy *p, unsigned char *base, void *ghosts, uint64_t keys)
{
	*p = (struct store_policy){ .base = base, .tuning = paper };
	store_ghost_init(&p->ghost, ghosts, keys);
}

static void
enqueue(struct store_policy *p, uint64_t at, enum store_queue queue)
{
	struct store_node *n = node_at(p, at);
	struct store_fifo *q = fifo_of(p, queue);

	n->queue = (uint8_t)queue;
	n->next = 0;
	n->prev = q->newest;
	if (q->newest)
		node_at(p, q->newest)->next = at;
	else
		q->oldest = at;
	q->newest = at;
	q->bytes += n->bytes;
	q->count++;
}

void
store_policy_drop(struct store_policy *p, uint64_t at)
{
	struct store_node *n = node_at(p, at);
	struct store_fifo *q = fifo_of(p, (enum store_queue)n->queue);

	if (n->queue == STORE_QUEUE_NONE)
		return;
	if (n->prev)
		node_at(p, n->prev)->next = n->next;
	else
		q->oldest = n->next;
	if (n->next)
		node_at(p, n->next)->prev = n->prev;
	else
		q->newest = n->prev;
	q->bytes -= n->bytes;
	q->count--;
	n->queue = STORE_QUEUE_NONE;
}

void
store_policy_grow(struct store_policy *p, uint64_t at, int64_t bytes)
{
	struct store_node *n = node_at(p, at);

	n->bytes += (uint64_t)bytes;
	if (n->queue != STORE_QUEUE_NONE)
		fifo_of(p, (enum store_queue)n->queue)->bytes += (uint64_t)bytes;
}

/* Worth in hits, at most what three hits count. */
static float
weight(const struct store_policy *p, const struct store_node *n)
{
	return fmaxf(fminf(n->worth * p->tuning.worth, 3), -3);
}

static void
set_hits(struct store_node *n, uint8_t hits)
{
	atomic_store_explicit(&n->hits, hits, memory_order_relaxed);
}

/* In the main queue a worthy object starts with rounds to its credit. */
static void
promote(struct store_policy *p, uint64_t at)
{
	struct store_node *n = node_at(p, at);

	set_hits(n, (uint8_t)fmaxf(roundf(weight(p, n)), 0));
	enqueue(p, at, STORE_QUEUE_MAIN);
}

void
store_policy_add(struct store_policy *p, uint64_t at, double value)
{
	struct store_node *n = node_at(p, at);
	double density = log2(value / (double)n->bytes);

	p->added++;
	p->mean += (density - p->mean) / (double)(p->added < MEAN_OVER ? p->added : MEAN_OVER);
	n->worth = (float)(density - p->mean);
	uint64_t window = (uint64_t)((double)(p->small.count + p->main.count) * (double)p->tuning.ghosts);
	if (p->tuning.direct || store_ghost_take(&p->ghost, n->hash, window))
		promote(p, at);
	else
		enqueue(p, at, STORE_QUEUE_SMALL);
}

/* From the small queue: up, or out with a ghost. Returns whether it is out. */
static bool
leave_small(struct store_policy *p, uint64_t at)
{
	struct store_node *n = node_at(p, at);
	uint8_t hits = atomic_load_explicit(&n->hits, memory_order_relaxed);

	store_policy_drop(p, at);
	if ((float)hits + weight(p, n) >= p->tuning.promote) {
		promote(p, at);
		return false;
	}
	store_ghost_add(&p->ghost, n->hash);
	return true;
}

/* From the main queue: another round for a hit, or out. */
static bool
leave_main(struct store_policy *p, uint64_t at)
{
	struct store_node *n = node_at(p, at);
	uint8_t hits = atomic_load_explicit(&n->hits, memory_order_relaxed);

	store_policy_drop(p, at);
	if (!hits || (float)hits + fminf(weight(p, n), 0) <= 0)
		return true;
	set_hits(n, hits > p->tuning.rounds ? p->tuning.rounds - 1 : (uint8_t)(hits - 1));
	enqueue(p, at, STORE_QUEUE_MAIN);
	return false;
}

uint64_t
store_policy_victim(struct store_policy *p)
{
	for (;;) {
		double all = (double)(p->small.bytes + p->main.bytes);
		bool small = p->small.oldest &&
		    (!p->main.oldest || (double)p->small.bytes > p->tuning.small_share * all);
		uint64_t at = small ? p->small.oldest : p->main.oldest;
		if (!at || (small ? leave_small(p, at) : leave_main(p, at)))
			return at;
	}
}

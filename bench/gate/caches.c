/* SPDX-License-Identifier: MIT */
#include "caches.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "cache/store_shadow.h"

static void *
zeroed(size_t n, size_t each)
{
	void *p = calloc(n, each);

	if (!p)
		abort();
	return p;
}

/* ---- one list: FIFO, LRU, SIEVE (Zhang, Yang, Yue, Vigfusson, Rashmi, NSDI 2024) ---------------- */

struct item {
	uint32_t newer, older;     /* id + 1; 0: none */
	bool in, visited;
};

struct list {
	const struct trace *t;
	struct item *items;        /* from 1 */
	uint32_t newest, oldest, hand;
	uint64_t bytes;
};

static void
list_out(struct list *l, uint32_t k)
{
	struct item *i = &l->items[k];

	*(i->newer ? &l->items[i->newer].older : &l->newest) = i->older;
	*(i->older ? &l->items[i->older].newer : &l->oldest) = i->newer;
	i->in = false;
	l->bytes -= l->t->sizes[k - 1];
}

static void
list_in(struct list *l, uint32_t k)
{
	l->items[k] = (struct item){ .older = l->newest, .in = true };
	*(l->newest ? &l->items[l->newest].newer : &l->oldest) = k;
	l->newest = k;
	l->bytes += l->t->sizes[k - 1];
}

static uint32_t
sieve_victim(struct list *l)
{
	uint32_t k = l->hand ? l->hand : l->oldest;

	while (l->items[k].visited) {
		l->items[k].visited = false;
		k = l->items[k].newer ? l->items[k].newer : l->oldest;
	}
	l->hand = l->items[k].newer;
	return k;
}

static struct cache_result
run_list(const struct trace *t, uint64_t capacity, bool lru, bool sieve)
{
	struct list l = { .t = t, .items = zeroed(t->n_ids + 1, sizeof(struct item)) };
	struct cache_result r = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		uint32_t k = t->ids[i] + 1, size = t->sizes[k - 1];
		bool hit = l.items[k].in;
		r.hits += hit;
		r.saved += hit ? (double)t->costs[t->ids[i]] : 0;
		if (hit && lru)
			list_out(&l, k), list_in(&l, k);
		if (hit)
			l.items[k].visited = true;
		if (hit || size > capacity)
			continue;
		while (l.bytes + size > capacity)
			list_out(&l, sieve ? sieve_victim(&l) : l.oldest);
		list_in(&l, k);
	}
	free(l.items);
	return r;
}

static struct cache_result
run_lru(const struct trace *t, uint64_t capacity, bool by_cost)
{
	return run_list(t, capacity, true, false);
}

static struct cache_result
run_fifo(const struct trace *t, uint64_t capacity, bool by_cost)
{
	return run_list(t, capacity, false, false);
}

static struct cache_result
run_sieve(const struct trace *t, uint64_t capacity, bool by_cost)
{
	return run_list(t, capacity, false, true);
}

/* ---- the store's policy itself ------------------------------------------------------------------ */

static struct cache_result
run_policy(const struct trace *t, uint64_t capacity, const struct store_tuning *tuning,
    struct store_shadow *shadow, bool by_cost)
{
	struct store_node *nodes = zeroed(t->n_ids + 1, sizeof(*nodes));
	struct store_policy p;
	void *ghosts = zeroed(1, store_ghost_bytes(t->n_ids));
	struct cache_result r = { 0 };

	store_policy_init(&p, (unsigned char *)nodes, ghosts, t->n_ids);
	p.tuning = *tuning;
	for (size_t i = 0; i < t->n; i++) {
		struct store_node *n = &nodes[t->ids[i] + 1];
		uint64_t at = (uint64_t)(t->ids[i] + 1) * sizeof(*n), size = t->sizes[t->ids[i]];
		bool hit = n->queue != STORE_QUEUE_NONE;
		uint64_t hash = random_at(99, t->ids[i]);
		double value = by_cost ? (double)t->costs[t->ids[i]] : 1;
		r.hits += hit;
		r.saved += hit ? (double)t->costs[t->ids[i]] : 0;
		if (hit)
			store_node_touch(n);
		if (shadow && store_shadow_ask(shadow, hash, size, value))
			p.tuning = *store_shadow_tuning(shadow);
		if (hit || size > capacity)
			continue;
		while (p.small.bytes + p.main.bytes + size > capacity)
			store_policy_victim(&p);
		*n = (struct store_node){ .hash = hash, .bytes = size };
		store_policy_add(&p, at, value);
	}
	free(ghosts);
	free(nodes);
	return r;
}

static struct cache_result
run_paper(const struct trace *t, uint64_t capacity, bool by_cost)
{
	return run_policy(t, capacity,
	    &(struct store_tuning){ .small_share = 0.1f, .promote = 2, .ghosts = 1, .rounds = 3 }, NULL, false);
}

static struct cache_result
run_store(const struct trace *t, uint64_t capacity, bool by_cost)
{
	static struct store_shadow shadow;
	const uint32_t keys = 1024;   /* as in a store of 64 MiB and more */
	void *memory = zeroed(1, store_shadow_bytes(keys));

	store_shadow_init(&shadow, memory, keys, capacity, 0.125);
	struct cache_result r = run_policy(t, capacity, store_shadow_tuning(&shadow), &shadow, by_cost);
	free(memory);
	return r;
}
/* ---- OPT ---------------------------------------------------------------------------------------- */

struct due {
	uint32_t next;     /* request */
	uint32_t id;
};

/* The latest first. */
struct heap {
	struct due *at;
	size_t n;
};

static void
heap_push(struct heap *h, struct due d)
{
	size_t i = h->n++;

	for (; i && h->at[(i - 1) / 2].next < d.next; i = (i - 1) / 2)
		h->at[i] = h->at[(i - 1) / 2];
	h->at[i] = d;
}

static struct due
heap_pop(struct heap *h)
{
	struct due top = h->at[0], last = h->at[--h->n];
	size_t i = 0;

	for (size_t k; (k = 2 * i + 1) < h->n; i = k) {
		k += k + 1 < h->n && h->at[k + 1].next > h->at[k].next;
		if (h->at[k].next <= last.next)
			break;
		h->at[i] = h->at[k];
	}
	h->at[i] = last;
	return top;
}

/* When each request's id is asked for again. */
static uint32_t *
next_requests(const struct trace *t)
{
	uint32_t *next = zeroed(t->n, sizeof(*next)), *seen = zeroed(t->n_ids, sizeof(*seen));

	memset(seen, 0xff, t->n_ids * sizeof(*seen));
	for (size_t i = t->n; i-- > 0; ) {
		next[i] = seen[t->ids[i]];
		seen[t->ids[i]] = (uint32_t)i;
	}
	free(seen);
	return next;
}

/* Belady: out goes what is asked for last. Of unequal sizes that is not the very best, but near it. */
static struct cache_result
run_opt(const struct trace *t, uint64_t capacity, bool by_cost)
{
	uint32_t *next = next_requests(t);
	uint32_t *due = zeroed(t->n_ids, sizeof(*due));    /* of what is in; 0: not in */
	struct heap h = { .at = zeroed(t->n, sizeof(*h.at)) };
	struct cache_result r = { 0 };
	uint64_t bytes = 0;

	for (size_t i = 0; i < t->n; i++) {
		uint32_t id = t->ids[i], size = t->sizes[id];
		bool hit = due[id] != 0;
		r.hits += hit;
		r.saved += hit ? (double)t->costs[t->ids[i]] : 0;
		if (!hit && (size > capacity || next[i] == UINT32_MAX))
			continue;
		bytes += hit ? 0 : size;
		due[id] = next[i];
		heap_push(&h, (struct due){ next[i], id });
		while (bytes > capacity) {
			struct due d = heap_pop(&h);
			if (due[d.id] != d.next)
				continue;
			due[d.id] = 0;
			bytes -= t->sizes[d.id];
		}
	}
	free(h.at);
	free(due);
	free(next);
	return r;
}

const struct cache_kind cache_kinds[] = {
	{ "LRU", run_lru }, { "FIFO", run_fifo }, { "SIEVE", run_sieve },
	{ "S3-FIFO", run_paper }, { "store", run_store },
	{ "OPT", run_opt }, { 0 },
};

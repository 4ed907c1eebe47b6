/* SPDX-License-Identifier: MIT */
#include "gate/front/rate_limit.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#define WAYS      8
#define SPAN_MAX  9e17   /* ns: a rate or burst beyond it is as good as none; sums stay in 64 bits */

struct place {
	_Atomic uint64_t key;       /* 0: free */
	_Atomic int64_t arrival_ns; /* when the next request would be due at the very rate */
};

struct rate_table {
	size_t sets;                /* a power of two */
	struct place places[];
};

struct rate_table *
rate_table_new(size_t places)
{
	size_t sets = 1;

	while (sets * WAYS < places)
		sets *= 2;
	struct rate_table *t = calloc(1, sizeof(*t) + sets * WAYS * sizeof(t->places[0]));
	if (t)
		t->sets = sets;
	return t;
}

void
rate_table_free(struct rate_table *t)
{
	free(t);
}

/* The place of a key, made when there is none. Two threads may make two for a new key: for a moment it then has
 * two buckets, until one of them gives way. */
static struct place *
find_place(struct rate_table *t, uint64_t key)
{
	struct place *set = &t->places[(key & (t->sets - 1)) * WAYS], *oldest = set;

	for (int i = 0; i < WAYS; i++) {
		if (atomic_load_explicit(&set[i].key, memory_order_relaxed) == key)
			return &set[i];
		if (atomic_load_explicit(&set[i].arrival_ns, memory_order_relaxed) <
		    atomic_load_explicit(&oldest->arrival_ns, memory_order_relaxed))
			oldest = &set[i];
	}
	atomic_store_explicit(&oldest->arrival_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&oldest->key, key, memory_order_relaxed);
	return oldest;
}

static int64_t
span(double requests, double per_s)
{
	double ns = requests * 1e9 / per_s;
	return (int64_t)(ns < SPAN_MAX ? ns : SPAN_MAX);
}

int64_t
rate_limit_take(struct rate_table *t, const struct gate_rate_limit *limit, uint64_t key, int64_t now_ns)
{
	struct place *place = find_place(t, key ? key : 1);
	int64_t interval_ns = span(1, limit->per_s);
	int64_t slack_ns = span(limit->burst - 1, limit->per_s);
	int64_t due = atomic_load_explicit(&place->arrival_ns, memory_order_relaxed), next;

	do {
		if (due > now_ns + slack_ns)
			return due - now_ns - slack_ns;
		next = (due > now_ns ? due : now_ns) + interval_ns;
	} while (!atomic_compare_exchange_weak_explicit(&place->arrival_ns, &due, next,
	    memory_order_relaxed, memory_order_relaxed));
	return 0;
}

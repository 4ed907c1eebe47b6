/* SPDX-License-Identifier: MIT */
#include "cache/store_shadow.h"

#include <math.h>

#define KEEP      0.85     /* of the score of each period ... */
#define PERIOD    2        /* ... of so many requests for each key of the sample */
#define BETTER    1.002    /* by which another tuning must lead */

/* The first is where every store starts. What the others are for: crowds that pass; popularity that moves;
 * that moves fast; that lasts; requests that come again after a while; worth that says little;
 * worth that says nothing. */
static const struct store_tuning tunings[STORE_TUNINGS] = {
	{ .small_share = 0.10f, .promote = 1, .ghosts = 3, .rounds = 3, .worth = 0.50f },
	{ .small_share = 0.10f, .promote = 2, .ghosts = 3, .rounds = 3, .worth = 0.50f },
	{ .small_share = 0.10f, .promote = 1, .ghosts = 1, .rounds = 1, .worth = 0.50f },
	{ .small_share = 0.50f, .promote = 1, .ghosts = 1, .rounds = 1, .worth = 0.50f },
	{ .small_share = 0.03f, .promote = 1, .ghosts = 3, .rounds = 3, .worth = 0.75f },
	{ .small_share = 0.25f, .promote = 1, .ghosts = 3, .rounds = 2, .worth = 0.50f },
	{ .small_share = 0.10f, .promote = 1, .ghosts = 3, .rounds = 3, .worth = 0.25f },
	{ .small_share = 0.10f, .promote = 1, .ghosts = 3, .rounds = 3, .worth = 0 },
};

const struct store_tuning *
store_shadow_tuning(const struct store_shadow *s)
{
	return &tunings[s->chosen];
}

/* ---- memory ------------------------------------------------------------------------------------- */

static uint64_t
node_bytes(uint32_t keys)
{
	return (keys + UINT64_C(1)) * sizeof(struct store_node);
}

static uint64_t
copy_bytes(uint32_t keys)
{
	return node_bytes(keys) + store_ghost_bytes(3 * (uint64_t)keys);
}

uint64_t
store_shadow_bytes(uint32_t keys)
{
	return STORE_TUNINGS * copy_bytes(keys) + keys * sizeof(struct store_shadow_key) +
	    2 * keys * sizeof(uint32_t);
}

void
store_shadow_init(struct store_shadow *s, void *zeroed, uint32_t keys, uint64_t capacity, double rate)
{
	unsigned char *at = zeroed;

	*s = (struct store_shadow){ .n_keys = keys, .n_buckets = 2 * keys, .capacity = capacity,
		.below = (uint64_t)(rate * 0x1p32) };
	for (int i = 0; i < STORE_TUNINGS; i++, at += copy_bytes(keys)) {
		store_policy_init(&s->copies[i], at, at + node_bytes(keys), 3 * (uint64_t)keys);
		s->copies[i].tuning = tunings[i];
	}
	s->keys = (void *)at;
	s->buckets = (void *)(s->keys + keys);
	for (uint32_t i = 0; i < keys; i++)
		s->keys[i].next = i + 1 < keys ? i + 2 : 0;
	s->free = 1;
}

/* ---- keys --------------------------------------------------------------------------------------- */

static uint32_t *
bucket_of(struct store_shadow *s, uint64_t hash)
{
	return &s->buckets[(uint32_t)hash % s->n_buckets];
}

/* Who points at the key; at 0 where it is not known. */
static uint32_t *
find_key(struct store_shadow *s, uint64_t hash)
{
	uint32_t *link = bucket_of(s, hash);

	while (*link && s->keys[*link - 1].hash != hash)
		link = &s->keys[*link - 1].next;
	return link;
}

static void
free_key(struct store_shadow *s, uint32_t number)
{
	uint32_t *link = find_key(s, s->keys[number - 1].hash);

	*link = s->keys[number - 1].next;
	s->keys[number - 1].next = s->free;
	s->free = number;
}

/* A node's place in its copy tells whose it is. */
static uint64_t
place(uint32_t number)
{
	return number * sizeof(struct store_node);
}

static struct store_node *
node_of(const struct store_policy *copy, uint32_t number)
{
	return (struct store_node *)(void *)(copy->base + place(number));
}

/* One copy has no more of this key. */
static void
let_go(struct store_shadow *s, uint32_t number)
{
	if (--s->keys[number - 1].copies == 0)
		free_key(s, number);
}

/* Half of the sample goes, and half of the memory with it. */
static void
halve(struct store_shadow *s)
{
	uint64_t below = atomic_load_explicit(&s->below, memory_order_relaxed) / 2;

	atomic_store_explicit(&s->below, below, memory_order_relaxed);
	for (uint32_t number = 1; number <= s->n_keys; number++) {
		if (!s->keys[number - 1].copies || store_shadow_samples(s, s->keys[number - 1].hash))
			continue;
		for (int i = 0; i < STORE_TUNINGS; i++)
			store_policy_drop(&s->copies[i], place(number));
		s->keys[number - 1].copies = 0;
		free_key(s, number);
	}
}

static uint32_t
take_key(struct store_shadow *s, uint64_t hash)
{
	uint32_t number = *find_key(s, hash);

	if (number)
		return number;
	while (!s->free)
		halve(s);
	number = s->free;
	s->free = s->keys[number - 1].next;
	uint32_t *bucket = bucket_of(s, hash);
	s->keys[number - 1] = (struct store_shadow_key){ .hash = hash, .next = *bucket };
	*bucket = number;
	return number;
}

/* ---- requests ----------------------------------------------------------------------------------- */

static void
ask_copy(struct store_shadow *s, struct store_policy *copy, uint32_t number, uint64_t bytes, double value)
{
	uint64_t capacity =
	    (uint64_t)((double)s->capacity * (double)atomic_load(&s->below) * 0x1p-32);
	struct store_node *n = node_of(copy, number);

	if (n->queue != STORE_QUEUE_NONE) {
		s->score[copy - s->copies] += value;
		store_node_touch(n);
		return;
	}
	if (bytes > capacity)
		return;
	while (copy->small.bytes + copy->main.bytes + bytes > capacity)
		let_go(s, (uint32_t)(store_policy_victim(copy) / sizeof(struct store_node)));
	*n = (struct store_node){ .hash = s->keys[number - 1].hash, .bytes = bytes };
	store_policy_add(copy, place(number), value);
	s->keys[number - 1].copies++;
}

static bool
choose(struct store_shadow *s)
{
	unsigned best = s->chosen;

	for (unsigned i = 0; i < STORE_TUNINGS; i++)
		if (s->score[i] > s->score[best] * (best == s->chosen ? BETTER : 1))
			best = i;
	for (unsigned i = 0; i < STORE_TUNINGS; i++)
		s->score[i] *= KEEP;
	bool other = best != s->chosen;
	s->chosen = best;
	s->asked = 0;
	return other;
}

bool
store_shadow_ask(struct store_shadow *s, uint64_t hash, uint64_t bytes, double value)
{
	if (!store_shadow_samples(s, hash))
		return false;
	uint32_t number = take_key(s, hash);
	if (!store_shadow_samples(s, hash)) {
		free_key(s, number);
		return false;
	}
	/* Kept while the copies decide, which may all be without it in the end. */
	s->keys[number - 1].copies++;
	for (int i = 0; i < STORE_TUNINGS; i++)
		ask_copy(s, &s->copies[i], number, bytes, value);
	let_go(s, number);
	return ++s->asked >= PERIOD * s->n_keys && choose(s);
}

/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/random.h"
#include "cache/store_shadow.h"
#include "check.h"

#define KEYS 4096

/* A cache of nodes that all have a place of their own. */
struct cache {
	struct store_policy policy;
	struct store_node *nodes;
	void *ghosts;
	uint64_t capacity;
};

static struct cache
cache_new(uint64_t capacity, struct store_tuning tuning)
{
	struct cache c = { .nodes = calloc(KEYS, sizeof(*c.nodes)), .capacity = capacity,
		.ghosts = calloc(1, store_ghost_bytes(KEYS)) };

	store_policy_init(&c.policy, (unsigned char *)c.nodes, c.ghosts, KEYS);
	c.policy.tuning = tuning;
	return c;
}

static void
cache_done(struct cache *c)
{
	free(c->nodes);
	free(c->ghosts);
}

static bool
has(const struct cache *c, unsigned key)
{
	return c->nodes[key].queue != STORE_QUEUE_NONE;
}

/* Returns whether it was a hit. */
static bool
ask(struct cache *c, unsigned key, uint64_t bytes, double value)
{
	struct store_node *n = &c->nodes[key];

	if (has(c, key)) {
		store_node_touch(n);
		return true;
	}
	while (c->policy.small.bytes + c->policy.main.bytes + bytes > c->capacity)
		assert_int_not_equal(store_policy_victim(&c->policy), 0);
	*n = (struct store_node){ .hash = random_at(3, key), .bytes = bytes };
	store_policy_add(&c->policy, key * sizeof(*n), value);
	return false;
}

static const struct store_tuning plain = { .small_share = 0.1f, .promote = 1, .ghosts = 1, .rounds = 3 };

static void
a_scan_passes_by(void **state)
{
	struct cache c = cache_new(100, plain);
	int kept = 0;

	for (int round = 0; round < 2; round++)
		for (unsigned key = 1; key <= 80; key++)
			ask(&c, key, 1, 1);
	for (unsigned key = 1000; key < 3000; key++)
		ask(&c, key, 1, 1);
	for (unsigned key = 1; key <= 80; key++)
		kept += has(&c, key);
	assert_int_equal(kept, 80);
	cache_done(&c);
}

static void
who_comes_back_soon_stays(void **state)
{
	struct cache c = cache_new(100, plain);

	for (unsigned key = 1; key <= 180; key++)
		ask(&c, key, 1, 1);
	assert_false(has(&c, 1));
	for (unsigned key = 1; key <= 80; key++)
		ask(&c, key, 1, 1);   /* the main queue fills, so that ghosts are remembered */
	assert_false(has(&c, 100));
	ask(&c, 100, 1, 1);
	assert_int_equal(c.nodes[100].queue, STORE_QUEUE_MAIN);
	cache_done(&c);
}

static void
worth_counts_like_hits(void **state)
{
	struct store_tuning tuning = plain;
	unsigned large = 0, small = 0;

	tuning.worth = 1;
	struct cache c = cache_new(20000, tuning);
	for (int round = 0; round < 6; round++)
		for (unsigned key = 1; key <= 1000; key++)
			ask(&c, key, key % 2 ? 100 : 10, 1);
	for (unsigned key = 1; key <= 1000; key++)
		*(key % 2 ? &large : &small) += has(&c, key);
	assert_int_equal(small, 500);
	assert_true(large < 200);
	cache_done(&c);
}

static void
sums_hold_whatever_comes(void **state)
{
	struct cache c = cache_new(5000, plain);
	uint64_t bytes = 0, count = 0;

	for (uint64_t i = 0; i < 50000; i++) {
		unsigned key = 1 + (unsigned)random_below(random_at(1, i), KEYS - 1);
		if (random_at(2, i) % 10 == 0)
			store_policy_drop(&c.policy, key * sizeof(*c.nodes));
		else
			ask(&c, key, 1 + key % 50, 1 + (double)(key % 7));
	}
	for (unsigned key = 1; key < KEYS; key++)
		if (has(&c, key)) {
			bytes += c.nodes[key].bytes;
			count++;
		}
	assert_int_equal(bytes, c.policy.small.bytes + c.policy.main.bytes);
	assert_int_equal(count, c.policy.small.count + c.policy.main.count);
	while (store_policy_victim(&c.policy))
		count--;
	assert_int_equal(count, 0);
	assert_int_equal(c.policy.small.bytes + c.policy.main.bytes, 0);
	cache_done(&c);
}

static void
ghosts_are_forgotten_in_time(void **state)
{
	struct store_ghost g;
	void *memory = calloc(1, store_ghost_bytes(1024));

	store_ghost_init(&g, memory, 1024);
	for (uint64_t i = 0; i < 100; i++)
		store_ghost_add(&g, random_at(5, i));
	assert_true(store_ghost_take(&g, random_at(5, 90), 20));
	assert_false(store_ghost_take(&g, random_at(5, 90), 20));   /* taken */
	assert_false(store_ghost_take(&g, random_at(5, 10), 20));   /* too long ago */
	assert_false(store_ghost_take(&g, random_at(5, 1000), 20));
	free(memory);
}

/* ---- shadows ------------------------------------------------------------------------------------ */

struct shadowed {
	struct store_shadow s;
	void *memory;
};

static void
shadowed_init(struct shadowed *x, uint32_t keys, uint64_t capacity)
{
	x->memory = calloc(1, store_shadow_bytes(keys));
	store_shadow_init(&x->s, x->memory, keys, capacity, 1);
}

/* What was asked for comes once more a little later, then never: no use to keep it for that. */
static void
chooses_what_has_more_hits(void **state)
{
	struct shadowed x;

	shadowed_init(&x, 1024, 400);
	const struct store_tuning *before = store_shadow_tuning(&x.s);
	unsigned first = x.s.chosen;
	for (uint64_t i = 0; i < 40000; i++) {
		store_shadow_ask(&x.s, random_at(1, i), 1, 1);
		if (i >= 150)
			store_shadow_ask(&x.s, random_at(1, i - 150), 1, 1);
	}
	assert_ptr_not_equal(store_shadow_tuning(&x.s), before);
	assert_true(x.s.score[x.s.chosen] > 10 * x.s.score[first]);
	free(x.memory);
}

static void
samples_no_more_than_it_has_room_for(void **state)
{
	struct shadowed x;
	uint64_t sampled = 0, alive = 0;

	shadowed_init(&x, 256, 100000);
	for (uint64_t i = 0; i < 50000; i++)
		store_shadow_ask(&x.s, random_at(1, random_below(random_at(2, i), 20000)), 1, 1);
	for (uint64_t i = 0; i < 20000; i++)
		sampled += store_shadow_samples(&x.s, random_at(1, i));
	for (uint32_t i = 0; i < x.s.n_keys; i++)
		alive += x.s.keys[i].copies > 0;
	assert_in_range(sampled, 64, 256);
	assert_in_range(alive, sampled / 2, sampled);
	for (int i = 0; i < STORE_TUNINGS; i++)
		assert_int_equal(x.s.copies[i].small.count + x.s.copies[i].main.count, alive);
	free(x.memory);
}

RUN_TESTS(
    cmocka_unit_test(a_scan_passes_by), cmocka_unit_test(who_comes_back_soon_stays),
    cmocka_unit_test(worth_counts_like_hits), cmocka_unit_test(sums_hold_whatever_comes),
    cmocka_unit_test(ghosts_are_forgotten_in_time), cmocka_unit_test(chooses_what_has_more_hits),
    cmocka_unit_test(samples_no_more_than_it_has_room_for))

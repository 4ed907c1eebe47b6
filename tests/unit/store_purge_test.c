/* SPDX-License-Identifier: MIT */
/* What purges reach, and what the sweep frees. */
#include <errno.h>

#include "store_world.h"

static void
put_tagged(struct world *x, const char *key, const uint64_t *tags, size_t n)
{
	struct store_fill *f = begin(x, key, "", 1);
	struct store_meta m = meta("head", "", 0);

	m.tags = tags;
	m.n_tags = n;
	assert_int_equal(store_fill_head(x->w, f, &m), 0);
	store_finish(x->w, f);
}

static void
purges_by_key(void **state)
{
	struct world x = world_new(8 * MIB);
	struct store_found found;

	put(&x, "k", "a", 1, 10);
	put(&x, "k", "b", 2, 10);
	put(&x, "other", "", 3, 10);
	assert_int_equal(store_purge_key(x.w, text_of("k"), STORE_PURGE_SOFT), 2);
	assert_int_equal(find(&x, "k", "a", &found), STORE_FOUND);
	assert_true(found.soft);
	assert_int_equal(store_purge_key(x.w, text_of("k"), STORE_PURGE_HARD), 2);
	assert_int_equal(find(&x, "k", "a", &found), STORE_ABSENT);
	assert_int_equal(find(&x, "k", "b", &found), STORE_ABSENT);
	assert_int_equal(find(&x, "other", "", &found), STORE_FOUND);
	assert_false(found.soft);
	assert_int_equal(store_purge_key(x.w, text_of("none"), STORE_PURGE_HARD), 0);
	world_done(&x);
}

/* Counts tags up until no two share a slot. */
static void
tell_apart(const struct world *x, uint64_t *tags, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (store_tag_slot(x->store, tags[i]) == store_tag_slot(x->store, tags[k])) {
				tags[i] += 1000;
				k = (size_t)-1;
			}
}

static void
purges_by_tag(void **state)
{
	struct world x = world_new(8 * MIB);
	uint64_t tags[4] = { 11, 22, 33, 44 };
	struct store_found found;

	tell_apart(&x, tags, 4);
	put_tagged(&x, "a", tags, 2);       /* 0 1 */
	put_tagged(&x, "b", tags + 1, 2);   /* 1 2 */
	put_tagged(&x, "c", NULL, 0);
	store_purge_tag(x.w, tags[3], STORE_PURGE_HARD);
	assert_int_equal(find(&x, "a", "", &found), STORE_FOUND);
	store_purge_tag(x.w, tags[2], STORE_PURGE_SOFT);
	assert_int_equal(find(&x, "a", "", &found), STORE_FOUND);
	assert_false(found.soft);
	assert_int_equal(find(&x, "b", "", &found), STORE_FOUND);
	assert_true(found.soft);
	store_purge_tag(x.w, tags[0], STORE_PURGE_HARD);
	assert_int_equal(find(&x, "a", "", &found), STORE_ABSENT);
	assert_int_equal(find(&x, "b", "", &found), STORE_FOUND);
	put_tagged(&x, "a", tags, 2);
	assert_int_equal(find(&x, "a", "", &found), STORE_FOUND);
	store_purge_all(x.w, STORE_PURGE_HARD);
	assert_int_equal(find(&x, "b", "", &found), STORE_ABSENT);
	assert_int_equal(find(&x, "c", "", &found), STORE_ABSENT);
	world_done(&x);
}

/* A fill that begins when its answer is there, and not when it was asked for. */
static void
a_purge_meets_what_was_asked_before(void **state)
{
	static const uint64_t tag = 5;
	struct world x = world_new(8 * MIB);
	struct store_moment before = store_moment(x.w, text_of("a"));
	struct store_ask late = ask(&x, "a", "");
	struct store_meta m = meta("head", "", 0);
	struct store_found found;
	struct store_fill *f;
	uint64_t other;

	late.since = &before;
	store_purge_key(x.w, text_of("b"), STORE_PURGE_HARD);
	store_purge_tag(x.w, tag, STORE_PURGE_HARD);
	assert_int_equal(store_begin(x.w, &late, (struct text){ 0 }, 1, &f, &other), 0);
	m.tags = &tag;
	m.n_tags = 1;
	assert_int_equal(store_fill_head(x.w, f, &m), 0);
	store_finish(x.w, f);
	assert_int_equal(find(&x, "a", "", &found), STORE_ABSENT);
	store_purge_key(x.w, text_of("a"), STORE_PURGE_SOFT);
	assert_int_equal(store_begin(x.w, &late, (struct text){ 0 }, 2, &f, &other), -ESTALE);
	before = store_moment(x.w, text_of("a"));
	assert_int_equal(store_begin(x.w, &late, (struct text){ 0 }, 3, &f, &other), 0);
	store_abort(x.w, f);
	world_done(&x);
}

static void
a_purge_meets_what_is_being_filled(void **state)
{
	static const uint64_t tag = 5;
	struct world x = world_new(8 * MIB);
	struct store_fill *f[2] = { begin(&x, "a", "", 1), begin(&x, "b", "", 2) };
	struct store_meta m = meta("head", "", 0);
	struct store_found found;

	store_purge_tag(x.w, tag, STORE_PURGE_HARD);
	store_purge_key(x.w, text_of("b"), STORE_PURGE_SOFT);
	assert_int_equal(find(&x, "b", "", &found), STORE_ABSENT);
	struct store_fill *again = begin(&x, "b", "", 3);
	m.tags = &tag;
	m.n_tags = 1;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_fill_head(x.w, f[i], &m), 0);
		assert_int_equal(append(&x, f[i], 1, 0, 5000), 0);
		store_finish(x.w, f[i]);
	}
	assert_int_equal(find(&x, "a", "", &found), STORE_ABSENT);
	assert_int_equal(find(&x, "b", "", &found), STORE_FILLING);
	assert_int_equal(found.flight, 3);
	store_abort(x.w, again);
	world_done(&x);
}

static void
sweeping_frees_what_is_of_no_use(void **state)
{
	static const uint64_t tag = 5;
	struct world x = world_new(8 * MIB);
	struct store_counts empty, counts;
	char key[16];

	store_count(x.store, &empty);
	for (int i = 0; i < 3000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		struct store_fill *f = begin(&x, key, "", 1);
		struct store_meta m = meta("head", "", 0);
		m.expires_ns = i % 3 ? INT64_MAX : x.now + 1;
		m.tags = &tag;
		m.n_tags = i % 3 == 1;
		assert_int_equal(store_fill_head(x.w, f, &m), 0);
		store_finish(x.w, f);
	}
	store_purge_tag(x.w, tag, STORE_PURGE_HARD);
	for (int i = 0; i < 1000; i++)
		turn(&x);
	store_count(x.store, &counts);
	assert_int_equal(counts.expired, 1000);
	assert_int_equal(counts.purged, 1000);
	assert_int_equal(counts.objects, 1000);
	store_purge_all(x.w, STORE_PURGE_HARD);
	for (int i = 0; i < 1000; i++)
		turn(&x);
	store_count(x.store, &counts);
	assert_int_equal(counts.objects, 0);
	/* All but what the index has grown to. */
	assert_in_range(counts.used_bytes, empty.used_bytes, empty.used_bytes + 200000);
	world_done(&x);
}

RUN_TESTS(
	cmocka_unit_test(purges_by_key),
	cmocka_unit_test(purges_by_tag),
	cmocka_unit_test(a_purge_meets_what_was_asked_before),
	cmocka_unit_test(a_purge_meets_what_is_being_filled),
	cmocka_unit_test(sweeping_frees_what_is_of_no_use))

/* SPDX-License-Identifier: MIT */
/* Objects, and how they come into the store. */
#include <errno.h>

#include "store_world.h"

/* ---- objects ------------------------------------------------------------------------------------ */

static void
finds_what_was_put(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 127, 1024, 4096, 65535, 65536, 200001, 900000 };
	struct world x = world_new(16 * MIB);
	struct store_found found;
	char key[32];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		snprintf(key, sizeof(key), "GET /%zu", i);
		assert_int_equal(find(&x, key, "", &found), STORE_ABSENT);
		put(&x, key, "", i, sizes[i]);
		turn(&x);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		snprintf(key, sizeof(key), "GET /%zu", i);
		assert_int_equal(find(&x, key, "", &found), STORE_FOUND);
		assert_true(text_is(store_head(found.object), "HTTP/1.1 200 OK\r\n\r\n"));
		check_body(&x, found.object, i, sizes[i]);
	}
	world_done(&x);
}

static void
keeps_terms_and_tells_when_over(void **state)
{
	struct world x = world_new(8 * MIB);
	struct store_found found;
	_Alignas(16) char terms[STORE_TERMS_MAX];
	struct store_meta m = meta("head", "", 0);

	memset(terms, 7, sizeof(terms));
	m.terms = terms;
	m.terms_size = sizeof(terms);
	m.expires_ns = x.now + 10;
	struct store_fill *f = begin(&x, "k", "", 1);
	assert_int_equal(store_fill_head(x.w, f, &m), 0);
	store_finish(x.w, f);
	assert_int_equal(find(&x, "k", "", &found), STORE_FOUND);
	assert_memory_equal(store_terms(found.object), terms, sizeof(terms));
	assert_int_equal((uintptr_t)store_terms(found.object) % 16, 0);
	x.now += 10;
	assert_int_equal(find(&x, "k", "", &found), STORE_ABSENT);
	world_done(&x);
}

static void
refuses_what_is_too_large(void **state)
{
	struct world x = world_new(8 * MIB);
	struct store_fill *f = begin(&x, "k", "", 1);
	struct store_meta m = meta("head", "", 2 * MIB);
	struct store_found found;

	assert_int_equal(store_fill_head(x.w, f, &m), -EFBIG);
	m.body_bytes = -1;
	m.n_tags = STORE_TAGS_MAX + 1;
	assert_int_equal(store_fill_head(x.w, f, &m), -EINVAL);
	m.n_tags = 0;
	assert_int_equal(store_fill_head(x.w, f, &m), 0);
	assert_int_equal(append(&x, f, 0, 0, MIB), 0);
	assert_int_equal(append(&x, f, 0, MIB, 1), -EFBIG);
	store_abort(x.w, f);
	assert_int_equal(find(&x, "k", "", &found), STORE_ABSENT);
	world_done(&x);
}

static void
variants_are_told_apart(void **state)
{
	struct world x = world_new(8 * MIB);
	struct store_found found;
	char vary[16];

	for (int i = 0; i < STORE_VARIANTS_MAX + 5; i++) {
		snprintf(vary, sizeof(vary), "v%d", i);
		put(&x, "k", vary, (uint64_t)i, 100);
	}
	assert_int_equal(find(&x, "k", "v4", &found), STORE_ABSENT);   /* the oldest made place */
	assert_int_equal(find(&x, "k", "v5", &found), STORE_FOUND);
	check_body(&x, found.object, 5, 100);
	put(&x, "k", "v5", 99, 50);
	assert_int_equal(find(&x, "k", "v5", &found), STORE_FOUND);
	check_body(&x, found.object, 99, 50);
	assert_true(text_is(store_vary_of_key(x.w, text_of("k")), "v5"));
	assert_int_equal(store_vary_of_key(x.w, text_of("other")).size, 0);
	assert_int_equal(find(&x, "k", "none", &found), STORE_ABSENT);
	world_done(&x);
}

/* ---- fills -------------------------------------------------------------------------------------- */

static void
streams_to_readers(void **state)
{
	struct world x = world_new(16 * MIB);
	struct store_fill *f = begin(&x, "k", "", 77), *other;
	struct store_ask a = ask(&x, "k", "");
	struct store_meta m = meta("head", "", -1);
	struct store_cursor c = { 0 };
	struct store_found found;
	uint64_t flight = 0, there, sent = 0;

	assert_int_equal(find(&x, "k", "", &found), STORE_FILLING);
	assert_null(found.object);
	assert_int_equal(found.flight, 77);
	assert_int_equal(store_begin(x.w, &a, (struct text){ 0 }, 78, &other, &flight), -EBUSY);
	assert_int_equal(flight, 77);
	assert_null(store_fill_object(f));
	assert_int_equal(store_fill_head(x.w, f, &m), 0);
	assert_int_equal(find(&x, "k", "", &found), STORE_FILLING);
	assert_ptr_equal(found.object, store_fill_object(f));
	store_hold(found.object);
	for (uint64_t i = 1; sent < 1000000; i = i * 3 % 65537 + 1) {
		assert_int_equal(append(&x, f, 5, sent, i), 0);
		assert_int_equal(read_on(&x, found.object, &c, 5), i);
		sent += i;
		assert_int_equal(store_body(x.w, found.object, &there), STORE_ARRIVING);
	}
	store_finish(x.w, f);
	check_body(&x, found.object, 5, sent);
	store_seek(x.w, found.object, &c, 500000);
	assert_int_equal(read_on(&x, found.object, &c, 5), sent - 500000);
	store_seek(x.w, found.object, &c, sent + 1);
	assert_int_equal(c.at, sent);
	store_release(x.w, found.object);
	assert_int_equal(find(&x, "k", "", &found), STORE_FOUND);
	assert_int_equal(found.flight, 0);
	world_done(&x);
}

static void
an_aborted_body_stays_for_who_holds_it(void **state)
{
	struct world x = world_new(8 * MIB);
	struct store_fill *f = begin(&x, "k", "", 1);
	struct store_meta m = meta("head", "", 100000);
	struct store_cursor c = { 0 };
	struct store_found found;
	uint64_t there;

	assert_int_equal(store_fill_head(x.w, f, &m), 0);
	assert_int_equal(append(&x, f, 3, 0, 30000), 0);
	const struct store_object *o = store_fill_object(f);
	store_hold(o);
	store_abort(x.w, f);
	turn(&x);
	turn(&x);
	assert_int_equal(store_body(x.w, o, &there), STORE_BROKEN);
	assert_int_equal(read_on(&x, o, &c, 3), 30000);
	assert_int_equal(find(&x, "k", "", &found), STORE_ABSENT);
	store_release(x.w, o);
	world_done(&x);
}

static void
remembers_what_is_not_to_be_kept(void **state)
{
	struct world x = world_new(8 * MIB);
	struct store_meta m = meta("head", "", 10);
	struct store_found found;

	store_refuse(x.w, begin(&x, "k", "", 1), x.now + 50);
	assert_int_equal(find(&x, "k", "", &found), STORE_UNCACHEABLE);
	assert_int_equal(found.until_ns, x.now + 50);
	struct store_fill *f = begin(&x, "k", "", 2);
	assert_int_equal(find(&x, "k", "", &found), STORE_UNCACHEABLE);
	assert_int_equal(found.flight, 2);
	assert_int_equal(store_fill_head(x.w, f, &m), 0);
	store_refuse(x.w, f, x.now + 60);   /* seen too late, at the body */
	x.now += 55;
	assert_int_equal(find(&x, "k", "", &found), STORE_UNCACHEABLE);
	put(&x, "k", "", 1, 10);
	assert_int_equal(find(&x, "k", "", &found), STORE_FOUND);
	x.now += 5;
	assert_int_equal(find(&x, "k", "", &found), STORE_FOUND);
	world_done(&x);
}

static void
a_renewed_object_shares_the_body(void **state)
{
	struct world x = world_new(8 * MIB);
	struct store_found found;
	struct store_counts before, after;

	put(&x, "k", "", 9, 500000);
	assert_int_equal(find(&x, "k", "", &found), STORE_FOUND);
	const struct store_object *old = found.object;
	store_hold(old);
	store_count(x.store, &before);
	struct store_fill *f = begin(&x, "k", "", 4);
	assert_int_equal(find(&x, "k", "", &found), STORE_FOUND);
	assert_int_equal(found.flight, 4);
	struct store_meta m = meta("new head", "", 0);
	assert_int_equal(store_renew(x.w, f, old, &m), 0);
	assert_int_equal(find(&x, "k", "", &found), STORE_FOUND);
	assert_true(text_is(store_head(found.object), "new head"));
	check_body(&x, found.object, 9, 500000);
	turn(&x);
	assert_true(text_is(store_head(old), "HTTP/1.1 200 OK\r\n\r\n"));
	check_body(&x, old, 9, 500000);
	store_release(x.w, old);
	turn(&x);
	store_count(x.store, &after);
	assert_int_equal(after.objects, 1);
	assert_in_range(after.used_bytes, before.used_bytes - 1024, before.used_bytes + 1024);
	world_done(&x);
}

RUN_TESTS(
	cmocka_unit_test(finds_what_was_put),
	cmocka_unit_test(keeps_terms_and_tells_when_over),
	cmocka_unit_test(refuses_what_is_too_large),
	cmocka_unit_test(variants_are_told_apart),
	cmocka_unit_test(streams_to_readers),
	cmocka_unit_test(an_aborted_body_stays_for_who_holds_it),
	cmocka_unit_test(remembers_what_is_not_to_be_kept),
	cmocka_unit_test(a_renewed_object_shares_the_body))

/* SPDX-License-Identifier: MIT */
/* Forms of a body: the same in another coding, kept beside it. */
#include "store_world.h"

static struct store_object *
make_form(struct world *x, uint64_t seed, uint64_t size)
{
	struct store_object *form = store_form_begin(x->w, -1);

	for (uint64_t at = 0; at < size; at++) {
		unsigned char byte = byte_of(seed, at);
		assert_int_equal(store_form_append(x->w, form, &byte, 1), 0);
	}
	return form;
}

/* False: it was not taken. */
static bool
put_form(struct world *x, const struct store_object *o, unsigned which, uint64_t seed, uint64_t size, bool final)
{
	struct store_object *form = make_form(x, seed, size);
	bool taken = store_form_put(x->w, o, which, form, final);

	store_release(x->w, form);
	return taken;
}

static uint64_t
used_bytes(struct world *x)
{
	struct store_counts n;

	for (int i = 0; i < 4; i++)
		turn(x);
	store_count(x->store, &n);
	return n.used_bytes;
}

static void
forms_stand_beside_the_body(void **state)
{
	struct world x = world_new(8 * MIB);
	struct store_found found;
	struct store_counts n;

	put(&x, "k", "", 1, 100000);
	assert_int_equal(find(&x, "k", "", &found), STORE_FOUND);
	assert_null(store_form(x.w, found.object, 0));
	assert_true(put_form(&x, found.object, 0, 2, 30000, false));
	assert_true(put_form(&x, found.object, 3, 3, 20000, false));
	check_body(&x, store_form(x.w, found.object, 0), 2, 30000);
	check_body(&x, store_form(x.w, found.object, 3), 3, 20000);
	assert_null(store_form(x.w, found.object, 1));
	check_body(&x, found.object, 1, 100000);
	turn(&x);
	store_count(x.store, &n);
	assert_int_equal(n.objects, 1);
	for (unsigned i = 1; i < 6; i++)
		assert_int_equal(store_form_note(store_form(x.w, found.object, 0)), i < 3 ? i : 3);
	world_done(&x);
}

static void
a_form_gives_way_to_a_shorter_final_one(void **state)
{
	static const struct { uint64_t size; bool final, taken; } rows[] = {
		{ 30000, false, true }, { 20000, false, false }, { 25000, true, true }, { 24000, false, false },
		{ 25000, true, false }, { 24000, true, true },
	};
	struct world x = world_new(8 * MIB);
	struct store_found found;
	uint64_t size = 0, last = 0;

	put(&x, "k", "", 1, 100000);
	for (uint64_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(find(&x, "k", "", &found), STORE_FOUND);
		assert_int_equal(put_form(&x, found.object, 1, i, rows[i].size, rows[i].final), rows[i].taken);
		size = rows[i].taken ? rows[i].size : size;
		last = rows[i].taken ? i : last;
		check_body(&x, store_form(x.w, found.object, 1), last, size);
		assert_int_equal(store_form_is_final(store_form(x.w, found.object, 1)), i >= 2);
		turn(&x);
	}
	/* one that is not shorter makes the one that is there final */
	assert_int_equal(find(&x, "k", "", &found), STORE_FOUND);
	assert_true(put_form(&x, found.object, 2, 7, 500, false));
	assert_false(put_form(&x, found.object, 2, 8, 500, true));
	assert_true(store_form_is_final(store_form(x.w, found.object, 2)));
	check_body(&x, store_form(x.w, found.object, 2), 7, 500);
	world_done(&x);
}

static void
forms_go_with_the_body(void **state)
{
	struct world x = world_new(8 * MIB);
	struct store_meta m = meta("new", "", -1);
	struct store_found found;
	uint64_t empty = used_bytes(&x);

	put(&x, "k", "", 1, 100000);
	assert_int_equal(find(&x, "k", "", &found), STORE_FOUND);
	assert_true(put_form(&x, found.object, 0, 2, 30000, false));
	assert_int_equal(store_renew(x.w, begin(&x, "k", "", 2), found.object, &m), 0);
	turn(&x);
	assert_int_equal(find(&x, "k", "", &found), STORE_FOUND);
	assert_true(text_is(store_head(found.object), "new"));
	const struct store_object *form = store_form(x.w, found.object, 0);
	check_body(&x, form, 2, 30000);
	store_hold(form);
	assert_int_equal(store_purge_key(x.w, text_of("k"), STORE_PURGE_HARD), 1);
	assert_true(used_bytes(&x) > empty + 30000);
	check_body(&x, form, 2, 30000);   /* who holds it has it still */
	store_release(x.w, form);
	assert_int_equal(used_bytes(&x), empty);
	store_form_drop(x.w, make_form(&x, 1, 5000));
	assert_int_equal(used_bytes(&x), empty);
	world_done(&x);
}

/* A form that comes for what was purged meanwhile goes, too; what is evicted goes with its forms. */
static void
forms_count_for_eviction(void **state)
{
	struct world x = world_new(8 * MIB);
	struct store_found found;
	uint64_t empty = used_bytes(&x);
	char key[32];

	put(&x, "k", "", 1, 1000);
	assert_int_equal(find(&x, "k", "", &found), STORE_FOUND);
	const struct store_object *o = found.object;
	store_hold(o);
	store_purge_key(x.w, text_of("k"), STORE_PURGE_HARD);
	assert_true(put_form(&x, o, 0, 2, 500, false));
	store_release(x.w, o);
	assert_int_equal(used_bytes(&x), empty);
	for (uint64_t i = 0; i < 300; i++) {
		snprintf(key, sizeof(key), "GET /%lu", (unsigned long)i);
		put(&x, key, "", i, 50000);
		if (find(&x, key, "", &found) == STORE_FOUND)
			put_form(&x, found.object, 0, i, 20000, i % 2);
		turn(&x);
		assert_true(x.store->policy.small.bytes + x.store->policy.main.bytes < 8 * MIB);
	}
	store_purge_all(x.w, STORE_PURGE_HARD);
	for (int i = 0; i < 100000 && x.store->map->objects; i++)
		turn(&x);
	assert_int_equal(x.store->policy.small.bytes + x.store->policy.main.bytes, 0);
	assert_in_range(used_bytes(&x), empty, empty + 64 * 2048 * 8);   /* tables of the index have grown */
	world_done(&x);
}

RUN_TESTS(
	cmocka_unit_test(forms_stand_beside_the_body),
	cmocka_unit_test(a_form_gives_way_to_a_shorter_final_one),
	cmocka_unit_test(forms_go_with_the_body),
	cmocka_unit_test(forms_count_for_eviction))

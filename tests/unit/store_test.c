/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache/store_int.h"
#include "check.h"

#define MIB ((size_t)1 << 20)

struct world {
	struct store *store;
	struct store_worker *w;
	int64_t now;
};

static struct world
world_new(size_t limit)
{
	struct world x = { .now = 1000 };
	struct err e;
	struct store_settings settings = { .limit_bytes = limit, .max_workers = 4 };

	assert_int_equal(store_new(&settings, &x.store, &e), 0);
	x.w = store_worker_open(x.store);
	assert_non_null(x.w);
	return x;
}

static void
world_done(struct world *x)
{
	store_worker_close(x->w);
	store_free(x->store);
}

static void
turn(struct world *x)
{
	x->now += 2000000;
	store_turn(x->w, x->now);
}

static struct text
text_of(const char *s)
{
	return (struct text){ s, strlen(s) };
}

static bool
match_exactly(void *ctx, struct text vary)
{
	return text_is(vary, ctx);
}

static struct store_ask
ask(const struct world *x, const char *key, const char *request)
{
	return (struct store_ask){
		.key = text_of(key), .match = match_exactly, .ctx = (void *)request, .now_ns = x->now,
	};
}

static enum store_state
find(struct world *x, const char *key, const char *request, struct store_found *ret)
{
	struct store_ask a = ask(x, key, request);
	return store_find(x->w, &a, ret);
}

static struct store_fill *
begin(struct world *x, const char *key, const char *request, uint64_t flight)
{
	struct store_ask a = ask(x, key, request);
	struct store_fill *f;
	uint64_t other;

	assert_int_equal(store_begin(x->w, &a, (struct text){ 0 }, flight, &f, &other), 0);
	return f;
}

static struct store_meta
meta(const char *head, const char *vary, int64_t bytes)
{
	return (struct store_meta){
		.head = text_of(head), .vary = text_of(vary), .expires_ns = INT64_MAX, .body_bytes = bytes,
	};
}

/* Byte i of the body with this seed. */
static unsigned char
byte_of(uint64_t seed, uint64_t i)
{
	return (unsigned char)(seed * 31 + i + i / 251);
}

static int
append(struct world *x, struct store_fill *f, uint64_t seed, uint64_t from, uint64_t size)
{
	unsigned char *bytes = malloc(size);

	for (uint64_t i = 0; i < size; i++)
		bytes[i] = byte_of(seed, from + i);
	int r = store_append(x->w, f, bytes, size);
	free(bytes);
	return r;
}

static void
put(struct world *x, const char *key, const char *vary, uint64_t seed, uint64_t size)
{
	struct store_fill *f = begin(x, key, vary, 1);
	struct store_meta m = meta("HTTP/1.1 200 OK\r\n\r\n", vary, (int64_t)size);

	assert_int_equal(store_fill_head(x->w, f, &m), 0);
	if (size)
		assert_int_equal(append(x, f, seed, 0, size), 0);
	store_finish(x->w, f);
}

/* Reads on from the cursor, checking each byte; returns how many there were. */
static uint64_t
read_on(struct world *x, const struct store_object *o, struct store_cursor *c, uint64_t seed)
{
	struct iovec v[3];
	uint64_t from = c->at, at = from;

	for (size_t n; (n = store_read(x->w, o, c, v, 3, 100000)); )
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < v[i].iov_len; k++, at++)
				if (((unsigned char *)v[i].iov_base)[k] != byte_of(seed, at))
					fail_msg("byte %lu is wrong", (unsigned long)at);
	assert_int_equal(at, c->at);
	return at - from;
}

static void
check_body(struct world *x, const struct store_object *o, uint64_t seed, uint64_t size)
{
	struct store_cursor c = { 0 };
	uint64_t there;

	assert_int_equal(store_body(x->w, o, &there), STORE_WHOLE);
	assert_int_equal(there, size);
	assert_int_equal(read_on(x, o, &c, seed), size);
}

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

/* ---- forms -------------------------------------------------------------------------------------- */

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

/* ---- purges ------------------------------------------------------------------------------------- */

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

/* ---- processes ---- */

static const struct store_settings shared = {
	.limit_bytes = 8 << 20, .max_workers = 4, .terms_layout = 7,
};

/* What the other process sees and leaves: it ends in the middle of a fill. */
static int
other_process(int memory)
{
	struct store_settings settings = shared;
	struct world x = { .now = 1000 };
	struct store_found found;
	struct store_cursor c = { 0 };
	struct err e;

	settings.memory = &memory;
	if (store_attach(&settings, &x.store, &e) < 0 || !(x.w = store_worker_open(x.store)))
		return 2;
	if (find(&x, "kept", "", &found) != STORE_FOUND || read_on(&x, found.object, &c, 3) != 70000)
		return 3;
	put(&x, "theirs", "", 5, 1000);
	begin(&x, "half", "", 9);
	return 0;
}

static void
another_process_shares_it(void **state)
{
	int memory = memfd_create("test", MFD_CLOEXEC), status;
	struct store_settings settings = shared;
	struct world x = { .now = 1000 };
	struct store_found found;
	struct store *second;
	struct err e = { 0 };

	settings.memory = &memory;
	assert_true(memory >= 0);
	assert_int_equal(store_new(&settings, &x.store, &e), 0);
	x.w = store_worker_open(x.store);
	put(&x, "kept", "", 3, 70000);
	/* Its place is taken where it is mapped already. */
	assert_int_equal(store_attach(&settings, &second, &e), -EADDRINUSE);
	store_sleep(x.w);
	pid_t pid = fork();
	if (pid == 0) {
		store_free(x.store);
		_exit(other_process(memory));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	store_wake(x.w);
	assert_int_equal(find(&x, "theirs", "", &found), STORE_FOUND);
	assert_int_equal(find(&x, "half", "", &found), STORE_FILLING);
	store_bury(x.store, pid, 9);
	assert_int_equal(find(&x, "half", "", &found), STORE_FILLING);
	store_bury(x.store, pid, 10);
	assert_int_equal(find(&x, "half", "", &found), STORE_ABSENT);
	/* Its workers' seats are free again, and keep nothing from being freed. */
	for (int i = 0; i < 3; i++)
		assert_non_null(store_worker_open(x.store));
	assert_null(store_worker_open(x.store));
	world_done(&x);
	close(memory);
}

static void
what_does_not_fit_is_not_attached(void **state)
{
	int memory = memfd_create("test", MFD_CLOEXEC);
	struct store_settings settings = shared;
	struct store *s, *second;
	struct err e = { 0 };

	settings.memory = &memory;
	assert_int_equal(store_attach(&settings, &second, &e), -ESTALE);   /* empty */
	assert_int_equal(store_new(&settings, &s, &e), 0);
	store_free(s);
	settings.terms_layout++;
	assert_int_equal(store_attach(&settings, &second, &e), -ESTALE);
	settings = shared;
	settings.memory = &memory;
	settings.limit_bytes *= 2;
	assert_int_equal(store_attach(&settings, &second, &e), -ESTALE);
	assert_non_null(strstr(e.text, "another size"));
	settings.limit_bytes /= 2;
	assert_int_equal(ftruncate(memory, 4096), 0);
	assert_int_equal(store_attach(&settings, &second, &e), -ESTALE);
	close(memory);
}

RUN_TESTS(
    cmocka_unit_test(another_process_shares_it), cmocka_unit_test(what_does_not_fit_is_not_attached),
    cmocka_unit_test(finds_what_was_put), cmocka_unit_test(keeps_terms_and_tells_when_over),
    cmocka_unit_test(refuses_what_is_too_large), cmocka_unit_test(variants_are_told_apart),
    cmocka_unit_test(streams_to_readers), cmocka_unit_test(an_aborted_body_stays_for_who_holds_it),
    cmocka_unit_test(remembers_what_is_not_to_be_kept),
    cmocka_unit_test(a_renewed_object_shares_the_body), cmocka_unit_test(purges_by_key),
    cmocka_unit_test(purges_by_tag), cmocka_unit_test(a_purge_meets_what_is_being_filled),
    cmocka_unit_test(a_purge_meets_what_was_asked_before),
    cmocka_unit_test(sweeping_frees_what_is_of_no_use),
    cmocka_unit_test(forms_stand_beside_the_body), cmocka_unit_test(a_form_gives_way_to_a_shorter_final_one),
    cmocka_unit_test(forms_go_with_the_body), cmocka_unit_test(forms_count_for_eviction))

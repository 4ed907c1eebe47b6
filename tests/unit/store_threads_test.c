/* SPDX-License-Identifier: MIT */
/* The store under random work by many threads at once: nobody sees half of anything. */
#include <pthread.h>
#include <stdatomic.h>

#include "store_work.h"

#define THREADS 4
#define TURNS   4000

/* Rather a low one. */
static uint64_t
any_key(struct chance *c)
{
	return below(c, 1 + below(c, KEYS));
}

struct crowd {
	struct store *store;
	_Atomic uint64_t versions;
	_Atomic uint64_t wrong, read_along, found, forms;
};

struct member {
	struct crowd *crowd;
	struct store_worker *w;
	struct chance chance;
	struct filling filling;
	const struct store_object *held, *form;
	struct made form_made;     /* what that is a form of */
	int64_t now;
};

/* A form is the beginning of a body: half of it, a final one a third. */
static void
put_form(struct member *m, const struct store_object *o)
{
	struct made made = made_of(o);
	bool final = below(&m->chance, 2);
	uint64_t size = final ? made.size / 3 : made.size / 2;
	struct store_object *form = store_form_begin(m->w, below(&m->chance, 2) ? (int64_t)size : -1);

	if (!form)
		return;
	if (store_form_append(m->w, form, body_of(made), size)) {
		store_form_drop(m->w, form);
		return;
	}
	store_form_put(m->w, o, (unsigned)below(&m->chance, STORE_FORMS), form, final);
	store_release(m->w, form);
}

static void
look_at_form(struct member *m, const struct store_object *o)
{
	const struct store_object *form = store_form(m->w, o, (unsigned)below(&m->chance, STORE_FORMS));
	struct made made = made_of(o);
	uint64_t read;

	if (!form)
		return;
	bool right = bytes_are_right(m->w, form, made, &read);
	m->crowd->wrong += !right || (read != made.size / 3 && read != made.size / 2);
	m->crowd->forms++;
	store_form_note(form);
	if (m->form)
		return;
	store_hold(form);
	m->form = form;
	m->form_made = made;
}

static void
look(struct member *m, uint64_t k)
{
	char key[64];
	struct store_ask ask = ask_of(key, k, m->now);
	struct store_found found;
	uint64_t read;

	store_find(m->w, &ask, &found);
	if (!found.object)
		return;
	bool right = body_is_right(m->w, found.object, &read) && made_of(found.object).key == k;
	uint64_t there;
	enum store_extent extent = store_body(m->w, found.object, &there);
	if (found.state == STORE_FOUND)
		right &= extent == STORE_WHOLE && there == made_of(found.object).size;
	m->crowd->wrong += !right;
	m->crowd->found += found.state == STORE_FOUND;
	m->crowd->read_along += found.state == STORE_FILLING && read > 0;
	if (!m->held) {
		store_hold(found.object);
		m->held = found.object;
	}
	if (found.state != STORE_FOUND)
		return;
	look_at_form(m, found.object);
	if (below(&m->chance, 8) == 0)
		put_form(m, below(&m->chance, 4) ? found.object : m->held);
}

/* What was held over some turns still reads as its head says. */
static void
let_go(struct member *m)
{
	uint64_t read;

	if (m->form) {
		m->crowd->wrong += !bytes_are_right(m->w, m->form, m->form_made, &read);
		store_release(m->w, m->form);
		m->form = NULL;
	}
	if (!m->held)
		return;
	m->crowd->wrong += !body_is_right(m->w, m->held, &read);
	store_release(m->w, m->held);
	m->held = NULL;
}

static void
fetch(struct member *m, uint64_t k)
{
	char key[64];
	struct store_ask ask = ask_of(key, k, m->now);
	uint64_t tag = tag_index(k), flight;
	struct filling *x = &m->filling;

	*x = (struct filling){ .made = { k, ++m->crowd->versions, any_size(&m->chance) } };
	if (store_begin(m->w, &ask, (struct text){ 0 }, 1, &x->f, &flight)) {
		x->f = NULL;
		return;
	}
	if (below(&m->chance, 20) == 0) {
		store_refuse(m->w, x->f, m->now + 1000000);
		x->f = NULL;
	} else if (give_head(m->w, x, &tag, below(&m->chance, 2))) {
		store_abort(m->w, x->f);
		x->f = NULL;
	}
}

static void
renew(struct member *m, uint64_t k)
{
	char key[64];
	struct store_ask ask = ask_of(key, k, m->now);
	struct store_found found;
	struct store_fill *f;
	uint64_t flight;

	if (store_find(m->w, &ask, &found) != STORE_FOUND)
		return;
	if (store_begin(m->w, &ask, (struct text){ 0 }, 1, &f, &flight))
		return;
	struct store_meta meta = { .head = store_head(found.object), .expires_ns = INT64_MAX };
	store_renew(m->w, f, found.object, &meta);
}

static void
one_turn(struct member *m)
{
	uint64_t k = any_key(&m->chance), what = below(&m->chance, 400);
	char key[64];

	for (int i = 0; i < 4; i++)
		look(m, any_key(&m->chance));
	if (m->filling.f)
		give_more(m->w, &m->filling, 4096);
	else
		fetch(m, k);
	if (what < 20)
		renew(m, k);
	else if (what < 24)
		store_purge_key(m->w, ask_of(key, k, 0).key, what % 2 ? STORE_PURGE_SOFT : STORE_PURGE_HARD);
	else if (what < 26 && k % 4 == 0)
		store_purge_tag(m->w, tag_index(k), what % 2 ? STORE_PURGE_SOFT : STORE_PURGE_HARD);
	if (what % 8 == 0)
		let_go(m);
	m->now += 1000000;
	if (what % 16 == 1) {
		store_sleep(m->w);
		store_wake(m->w);
	}
	store_turn(m->w, m->now);
}

static void *
work(void *arg)
{
	struct member *m = arg;

	for (int i = 0; i < TURNS; i++)
		one_turn(m);
	let_go(m);
	while (m->filling.f && !give_more(m->w, &m->filling, 4096))
		;
	return NULL;
}

static void
many_threads_see_whole_objects(void **state)
{
	struct crowd crowd = { .store = store_make(8 * MIB, THREADS) };
	struct member members[THREADS];
	pthread_t threads[THREADS];
	struct store_counts counts;
	struct made none = { 0 };

	body_of(none);   /* once, before there are threads */
	for (uint64_t i = 0; i < THREADS; i++) {
		members[i] = (struct member){ .crowd = &crowd, .w = store_worker_open(crowd.store),
			.chance = { 100 + i, 0 } };
		assert_int_equal(pthread_create(&threads[i], NULL, work, &members[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(crowd.wrong, 0);
	assert_true(crowd.found > 100 && crowd.read_along > 10 && crowd.forms > 100);
	store_purge_all(members[0].w, STORE_PURGE_HARD);
	for (int i = 1; i < THREADS; i++)
		store_sleep(members[i].w);
	for (int i = 0; i < 3000; i++)
		store_turn(members[0].w, members[0].now += 1000000);
	store_count(crowd.store, &counts);
	assert_int_equal(counts.objects, 0);
	assert_true(counts.evicted > 0 && counts.renewed > 0 && counts.used_bytes < MIB);
	assert_int_equal(crowd.store->policy.small.bytes + crowd.store->policy.main.bytes, 0);
	for (int i = 0; i < THREADS; i++)
		store_worker_close(members[i].w);
	store_free(crowd.store);
}

RUN_TESTS(
	cmocka_unit_test(many_threads_see_whole_objects))

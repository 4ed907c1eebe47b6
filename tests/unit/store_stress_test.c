/* SPDX-License-Identifier: MIT */
/* The store under random work: against a model that knows what may be found, within its memory, and by
 * many threads at once. Bodies tell by their bytes whose they are and which of its versions. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "cache/store_int.h"
#include "check.h"

#define MIB      ((size_t)1 << 20)
#define KEYS     1024
#define BODY_MAX 300000
#define TAGS     8

struct chance {
	uint64_t seed, i;
};

static uint64_t
below(struct chance *c, uint64_t n)
{
	return random_below(random_at(c->seed, c->i++), n);
}

/* Many small ones, few large ones. */
static uint64_t
any_size(struct chance *c)
{
	return below(c, UINT64_C(1) << (4 + below(c, 15))) % BODY_MAX;
}

static struct store *
store_make(size_t limit, uint32_t workers)
{
	struct store_settings settings = { .limit_bytes = limit, .max_workers = workers };
	struct store *s;
	struct err e;

	assert_int_equal(store_new(&settings, &s, &e), 0);
	return s;
}

static struct store_ask
ask_of(char *key, uint64_t k, int64_t now)
{
	int n = snprintf(key, 64, "GET example.org/a/path/to/%lu", (unsigned long)k);

	return (struct store_ask){ .key = { key, (size_t)n }, .now_ns = now };
}

/* Rather a low one. */
static uint64_t
any_key(struct chance *c)
{
	return below(c, 1 + below(c, KEYS));
}

/* The head names key, version and size; the body is a pattern of both. */
struct made {
	uint64_t key, version, size;
};

static unsigned char pattern[BODY_MAX + 4096];

/* Where in the pattern the body of this version begins. */
static const unsigned char *
body_of(struct made m)
{
	if (!pattern[1])
		for (size_t i = 0; i < sizeof(pattern); i++)
			pattern[i] = (unsigned char)(i * 7 + i / 253);
	return pattern + (m.key * 13 + m.version * 29) % 4096;
}

static struct made
made_of(const struct store_object *o)
{
	struct made m;

	assert_int_equal(store_head(o).size, sizeof(m));
	memcpy(&m, store_head(o).at, sizeof(m));
	return m;
}

/* False: the bytes are not of this one, or more of them than it has. */
static bool
bytes_are_right(struct store_worker *w, const struct store_object *o, struct made m, uint64_t *ret_read)
{
	struct store_cursor c = { 0 };
	struct iovec v[4];
	bool right = true;

	for (size_t n; right && (n = store_read(w, o, &c, v, 4, UINT64_MAX)); ) {
		uint64_t at = c.at;
		for (size_t i = n; i-- > 0; ) {
			at -= v[i].iov_len;
			right &= memcmp(body_of(m) + at, v[i].iov_base, v[i].iov_len) == 0;
		}
	}
	*ret_read = c.at;
	return right && c.at <= m.size;
}

/* Are they what the head says? */
static bool
body_is_right(struct store_worker *w, const struct store_object *o, uint64_t *ret_read)
{
	return bytes_are_right(w, o, made_of(o), ret_read);
}

/* ---- one fill, step by step --------------------------------------------------------------------- */

struct filling {
	struct store_fill *f;
	struct made made;
	uint64_t given;
};

static int
give_head(struct store_worker *w, struct filling *x, const uint64_t *tag, bool told)
{
	struct store_meta meta = {
		.head = { (const char *)&x->made, sizeof(x->made) }, .expires_ns = INT64_MAX,
		.body_bytes = told ? (int64_t)x->made.size : -1, .tags = tag, .n_tags = tag != NULL,
	};

	return store_fill_head(w, x->f, &meta);
}

/* Ends the fill when all is given, or nothing more fits. */
static bool
give_more(struct store_worker *w, struct filling *x, uint64_t most)
{
	uint64_t n = x->made.size - x->given;

	n = n < most ? n : most;
	if (n && store_append(w, x->f, body_of(x->made) + x->given, n)) {
		store_abort(w, x->f);
		x->f = NULL;
		return true;
	}
	x->given += n;
	if (x->given < x->made.size)
		return false;
	store_finish(w, x->f);
	x->f = NULL;
	return true;
}

/* ---- model -------------------------------------------------------------------------------------- */

/* What the store may answer for a key: this version or nothing. */
struct model {
	uint64_t version[KEYS], size[KEYS];   /* version 0: nothing */
	bool soft[KEYS];
	uint64_t versions;
};

struct play {
	struct store *store;
	struct store_worker *w;
	struct model model;
	struct chance chance;
	uint64_t tags[TAGS];
	int64_t now;
};

static unsigned
tag_index(uint64_t key)
{
	return key % TAGS;
}

/* Tags that share no slot, so that the model holds to the letter. */
static void
choose_tags(const struct store *s, uint64_t tags[TAGS])
{
	uint64_t next = 0;

	for (size_t n = 0; n < TAGS; ) {
		bool taken = false;
		tags[n] = next++;
		for (size_t i = 0; i < n; i++)
			taken |= store_tag_slot(s, tags[i]) == store_tag_slot(s, tags[n]);
		n += !taken;
	}
}

static void
play_find(struct play *p, uint64_t k)
{
	char key[64];
	struct store_ask ask = ask_of(key, k, p->now);
	struct store_found found;
	uint64_t read;

	if (store_find(p->w, &ask, &found) != STORE_FOUND)
		return;
	assert_int_equal(made_of(found.object).key, k);
	assert_int_equal(made_of(found.object).version, p->model.version[k]);
	assert_int_equal(found.soft, p->model.soft[k]);
	assert_true(body_is_right(p->w, found.object, &read));
	assert_int_equal(read, p->model.size[k]);
}

static void
play_fill(struct play *p, uint64_t k)
{
	char key[64];
	struct store_ask ask = ask_of(key, k, p->now);
	struct filling x = { .made = { k, ++p->model.versions, any_size(&p->chance) } };
	uint64_t tag = p->tags[tag_index(k)], flight;

	if (store_begin(p->w, &ask, (struct text){ 0 }, 1, &x.f, &flight))
		return;
	if (give_head(p->w, &x, &tag, below(&p->chance, 2))) {
		store_abort(p->w, x.f);
		return;
	}
	while (!give_more(p->w, &x, 1 + below(&p->chance, 4096)))
		;
	if (x.given < x.made.size)
		return;
	p->model.version[k] = x.made.version;
	p->model.size[k] = x.made.size;
	p->model.soft[k] = false;
}

static void
play_purge(struct play *p, uint64_t k, enum store_purge how, bool by_tag)
{
	char key[64];

	if (by_tag)
		store_purge_tag(p->w, p->tags[tag_index(k)], how);
	else
		store_purge_key(p->w, ask_of(key, k, p->now).key, how);
	for (uint64_t i = 0; i < KEYS; i++) {
		if (by_tag ? tag_index(i) != tag_index(k) : i != k)
			continue;
		p->model.soft[i] = true;
		if (how == STORE_PURGE_HARD)
			p->model.version[i] = 0;
	}
}

static void
play_step(struct play *p)
{
	uint64_t k = below(&p->chance, KEYS), what = below(&p->chance, 200);

	if (what < 100)
		play_find(p, k);
	else if (what < 194)
		play_fill(p, k);
	else
		play_purge(p, k, what % 2 ? STORE_PURGE_SOFT : STORE_PURGE_HARD, what < 196);
	if (below(&p->chance, 4) == 0)
		store_turn(p->w, p->now += 1000000);
}

static void
agrees_with_the_model(void **state)
{
	for (uint64_t seed = 1; seed <= 2; seed++) {
		struct play p = { .store = store_make(8 * MIB, 2), .chance = { seed, 0 } };
		struct store_counts counts;
		p.w = store_worker_open(p.store);
		choose_tags(p.store, p.tags);
		for (int i = 0; i < 10000; i++)
			play_step(&p);
		store_count(p.store, &counts);
		assert_true(counts.evicted > 500 && counts.hits > 1000 && counts.purged > 100);
		store_worker_close(p.w);
		store_free(p.store);
	}
}

/* Nothing evicted: then what is not purged must be there. */
static void
keeps_what_fits(void **state)
{
	struct store *s = store_make(64 * MIB, 1);
	struct store_worker *w = store_worker_open(s);
	struct chance chance = { 9, 0 };
	struct store_found found;
	struct store_counts counts;
	char key[64];
	uint64_t flight;

	for (uint64_t k = 0; k < 10000; k++) {
		struct store_ask ask = ask_of(key, k, 0);
		struct filling x = { .made = { k, 1, below(&chance, 1500) } };
		assert_int_equal(store_begin(w, &ask, (struct text){ 0 }, 1, &x.f, &flight), 0);
		assert_int_equal(give_head(w, &x, NULL, true), 0);
		assert_true(give_more(w, &x, 4096));
		store_turn(w, 0);
	}
	for (uint64_t k = 0; k < 10000; k++) {
		struct store_ask ask = ask_of(key, k, 0);
		assert_int_equal(store_find(w, &ask, &found), STORE_FOUND);
	}
	store_count(s, &counts);
	assert_int_equal(counts.evicted, 0);
	assert_int_equal(counts.objects, 10000);
	store_worker_close(w);
	store_free(s);
}

/* ---- memory ------------------------------------------------------------------------------------- */

/* Of all maps of the file that the store lives in. */
static uint64_t
resident_bytes(void)
{
	FILE *f CLEANUP(file_close_p) = fopen("/proc/self/smaps", "r");
	char line[512];
	uint64_t sum = 0;
	bool inside = false;

	while (f && fgets(line, sizeof(line), f)) {
		unsigned long from, kib;
		if (sscanf(line, "%lx-", &from) == 1 && strchr(line, '-') < strchr(line, ' '))
			inside = strstr(line, "prony store") != NULL;
		else if (inside && sscanf(line, "Rss: %lu kB", &kib) == 1)
			sum += kib * 1024;
	}
	return sum;
}

/* Sizes that change their kind half-way, so that memory freed by one has to serve the other. */
static void
stays_within_the_limit_and_uses_it(void **state)
{
	struct store *s = store_make(16 * MIB, 1);
	struct store_worker *w = store_worker_open(s);
	struct chance chance = { 4, 0 };
	struct store_counts counts;
	uint64_t flight, aborted = 0, kept_bytes[2] = { 0 };
	char key[64];

	for (uint64_t i = 0; i < 45000; i++) {
		bool small = i / 15000 != 1;
		struct store_ask ask = ask_of(key, below(&chance, 40000), 0);
		struct filling x = { .made = { 1, 1, small ? below(&chance, 3000) : any_size(&chance) } };
		if (store_begin(w, &ask, (struct text){ 0 }, 1, &x.f, &flight) == 0) {
			if (give_head(w, &x, NULL, i % 2)) {
				store_abort(w, x.f);
				aborted++;
			} else {
				while (!give_more(w, &x, 4096))
					store_turn(w, (int64_t)i);
				aborted += x.given < x.made.size;
			}
		}
		store_turn(w, (int64_t)i);
		store_count(s, &counts);
		assert_true(counts.used_bytes <= counts.limit_bytes);
		if (i % 15000 == 14999)
			kept_bytes[small] = counts.used_bytes;
	}
	assert_true(aborted < 100);
	assert_true(kept_bytes[0] > 16 * MIB * 80 / 100 && kept_bytes[1] > 16 * MIB * 80 / 100);
	assert_in_range(resident_bytes(), 8 * MIB, 16 * MIB);
	store_worker_close(w);
	store_free(s);
}

/* All that was taken comes back, in whole segments again. */
static void
gives_all_memory_back(void **state)
{
	struct play p = { .store = store_make(16 * MIB, 2), .chance = { 77, 0 } };
	struct store_counts counts;

	p.w = store_worker_open(p.store);
	choose_tags(p.store, p.tags);
	for (int i = 0; i < 5000; i++)
		play_step(&p);
	store_purge_all(p.w, STORE_PURGE_HARD);
	for (int i = 0; i < 2000; i++)
		store_turn(p.w, p.now += 1000000);
	store_count(p.store, &counts);
	assert_int_equal(counts.objects, 0);
	assert_true(counts.used_bytes < MIB);
	struct filling x = { .made = { 1, 1, BODY_MAX } };
	char key[64];
	struct store_ask ask = ask_of(key, 1, 0);
	uint64_t flight;
	assert_int_equal(store_begin(p.w, &ask, (struct text){ 0 }, 1, &x.f, &flight), 0);
	assert_int_equal(give_head(p.w, &x, NULL, true), 0);
	while (!give_more(p.w, &x, 4096))
		;
	assert_int_equal(x.given, BODY_MAX);
	store_worker_close(p.w);
	store_free(p.store);
}

/* ---- threads ------------------------------------------------------------------------------------ */

#define THREADS 4
#define TURNS   4000

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
    cmocka_unit_test(agrees_with_the_model), cmocka_unit_test(keeps_what_fits),
    cmocka_unit_test(stays_within_the_limit_and_uses_it), cmocka_unit_test(gives_all_memory_back),
    cmocka_unit_test(many_threads_see_whole_objects))

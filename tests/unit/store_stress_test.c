/* SPDX-License-Identifier: MIT */
/* The store under random work: against a model that knows what may be found, and within its memory. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "store_work.h"

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

RUN_TESTS(
	cmocka_unit_test(agrees_with_the_model),
	cmocka_unit_test(keeps_what_fits),
	cmocka_unit_test(stays_within_the_limit_and_uses_it),
	cmocka_unit_test(gives_all_memory_back))

/* SPDX-License-Identifier: MIT */
/* What the store costs: nanoseconds of CPU for a fill, for finding, for a purge, with many objects of a
 * body of 1 KiB, under keys as of real requests.
 *
 * usage: gate_store [OBJECTS]        a million, in 2.2 GiB, unless told otherwise */
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "cache/store.h"
#include "scenario/zipf.h"

#define BODY  1024
#define HEAD  300
#define FINDS 3000000
#define TAG   UINT64_C(4711)
#define SAMPLED       10000
#define PURGE_GOAL_US 10

static uint64_t objects = 1000000;
static struct store *store;

static double
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct store_ask
ask_of(char key[64], uint64_t i)
{
	int n = snprintf(key, 64, "GET https://shop.example.org/articles/%010" PRIu64 ".html", i);

	return (struct store_ask){ .key = { key, (size_t)n }, .now_ns = 1 };
}

static void
fill_one(struct store_worker *w, uint64_t i)
{
	static const char head[HEAD] = "HTTP/1.1 200 OK\r\n", body[BODY];
	static const uint64_t tags[] = { TAG };
	struct store_meta m = {
		.head = { head, sizeof(head) }, .tags = tags, .n_tags = 1, .expires_ns = INT64_MAX,
		.body_bytes = BODY,
	};
	char key[64];
	struct store_ask ask = ask_of(key, i);
	struct store_fill *f;
	uint64_t flight;

	if (store_begin(w, &ask, (struct text){ 0 }, 1, &f, &flight))
		return;
	if (store_fill_head(w, f, &m) || store_append(w, f, body, BODY)) {
		store_abort(w, f);
		return;
	}
	store_finish(w, f);
}

static void
say(const char *what, double ns, uint64_t n)
{
	printf("| %s | %.1f |\n", what, ns / (double)n);
}

/* The keys are made before the clock starts, as a proxy has them before it asks. */
struct keys {
	char (*text)[64];
	struct store_ask *asks;
	size_t n;
};

enum spread { HOT, ZIPF, EVEN };

static struct keys
keys_make(enum spread spread, size_t n)
{
	struct keys k = { .text = calloc(n, 64), .asks = calloc(n, sizeof(*k.asks)), .n = n };
	struct zipf zipf = zipf_make(objects, 0.9);

	for (size_t i = 0; i < n; i++) {
		uint64_t rank = spread == ZIPF ? zipf_rank(&zipf, 7, i) :
		    random_below(random_at(5, i), spread == HOT ? 1000 : objects);
		k.asks[i] = ask_of(k.text[i], rank);
	}
	return k;
}

static void
keys_done(struct keys *k)
{
	free(k->text);
	free(k->asks);
}

struct finder {
	struct keys keys;
	double ns;
	uint64_t found;
};

static void *
find_all(void *arg)
{
	struct finder *f = arg;
	struct store_worker *w = store_worker_open(store);
	struct store_found found;
	double start = cpu_ns();

	for (size_t i = 0; i < FINDS; i++) {
		f->found += store_find(w, &f->keys.asks[i % f->keys.n], &found) == STORE_FOUND;
		/* As the head would be: touched, or its cost would not be seen. */
		if (found.object)
			f->found += (uint64_t)(store_head(found.object).at[0] == 0);
		if (i % 16 == 0)
			store_turn(w, 1);
	}
	f->ns = cpu_ns() - start;
	store_worker_close(w);
	return NULL;
}

static void
say_finds(const char *what, enum spread spread, unsigned threads)
{
	struct finder f[8] = { 0 };
	pthread_t t[8];
	double ns = 0;

	for (unsigned i = 0; i < threads; i++) {
		f[i].keys = keys_make(spread, 1 << 18);
		pthread_create(&t[i], NULL, find_all, &f[i]);
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(t[i], NULL);
		ns += f[i].ns;
		keys_done(&f[i].keys);
	}
	say(what, ns, (uint64_t)FINDS * threads);
}

/* Of some of the keys that were filled last; how many are found. */
static uint64_t
find_some(struct store_worker *w)
{
	struct store_found found;
	char key[64];
	uint64_t n = 0;

	for (uint64_t i = 0; i < SAMPLED; i++) {
		struct store_ask ask = ask_of(key, objects + random_below(random_at(9, i), objects));
		n += store_find(w, &ask, &found) == STORE_FOUND;
	}
	return n;
}

static double
wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* All objects have the one tag. False: a purged one was found, or its memory does not come back. */
static bool
say_purge(struct store_worker *w, uint64_t used_empty)
{
	struct store_counts before, after;
	char key[64];
	struct store_ask ask = ask_of(key, 7);
	int64_t now = 1;
	uint64_t were = find_some(w);

	store_count(store, &before);
	double start = wall_ns();
	store_purge_tag(w, TAG, STORE_PURGE_HARD);
	double purge_ns = wall_ns() - start;
	uint64_t are = find_some(w);
	printf("\npurge of a tag with %" PRIu64 " objects: %.2f us until nobody is served one (goal: below %d us)\n",
	    before.objects, purge_ns / 1e3, PURGE_GOAL_US);
	printf("of %d keys looked up, %" PRIu64 " were found before, %" PRIu64 " after\n\n", SAMPLED, were, are);
	printf("| what | ns of CPU |\n|---|---:|\n");
	start = cpu_ns();
	for (uint64_t i = 1; i <= 1000; i++)
		store_purge_tag(w, TAG + i, STORE_PURGE_HARD);
	say("purge of a tag, one after another", cpu_ns() - start, 1000);
	start = cpu_ns();
	do {
		store_turn(w, now += 1000000);
		store_count(store, &after);
	} while (after.objects);
	for (int i = 0; i < 1000; i++)   /* until nobody could still be reading */
		store_turn(w, now += 1000000);
	store_count(store, &after);
	say("sweep, a purged object", cpu_ns() - start, before.objects);
	start = cpu_ns();
	store_purge_key(w, ask.key, STORE_PURGE_HARD);
	say("purge of a key", cpu_ns() - start, 1);
	printf("\nmemory in use: %" PRIu64 " bytes before, %" PRIu64 " after the sweep (the index stays), %" PRIu64
	    " at the beginning\n",
	    before.used_bytes, after.used_bytes, used_empty);
	return were && !are && after.used_bytes - used_empty < before.used_bytes / 20;
}

int
main(int argc, char **argv)
{
	struct store_counts empty, full, counts;
	char key[64];
	struct err e;

	if (argc > 1)
		objects = strtoull(argv[1], NULL, 10);
	struct store_settings settings = { .limit_bytes = objects * 2200 + ((size_t)64 << 20), .max_workers = 9 };
	if (store_new(&settings, &store, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 2;
	}
	struct store_worker *w = store_worker_open(store);
	store_count(store, &empty);
	printf("| what | ns of CPU |\n|---|---:|\n");
	double start = cpu_ns();
	for (uint64_t i = 0; i < objects; i++) {
		fill_one(w, i);
		store_turn(w, 1);
	}
	say("fill: begin, head, body, finish; first use of the memory", cpu_ns() - start, objects);
	store_count(store, &full);
	store_sleep(w);
	say_finds("find, 1000 hot keys", HOT, 1);
	say_finds("find, popularity by Zipf 0.9", ZIPF, 1);
	say_finds("find, any of all keys", EVEN, 1);
	say_finds("find, 1000 hot keys, two threads", HOT, 2);
	say_finds("find, Zipf 0.9, two threads", ZIPF, 2);
	store_wake(w);
	start = cpu_ns();
	for (uint64_t i = 0; i < objects; i++) {
		fill_one(w, objects + i);
		store_turn(w, 1);
	}
	say("fill, and another is evicted for it", cpu_ns() - start, objects);
	store_count(store, &counts);
	printf("\n%" PRIu64 " objects in %" PRIu64 " of %" PRIu64 " bytes, %" PRIu64 " evicted, %" PRIu64
	    " refused\n", counts.objects, counts.used_bytes, counts.limit_bytes, counts.evicted, counts.full);
	printf("memory of an object: %.0f bytes, for a body of %d, a head of %d, a key of %zu and a tag\n",
	    (double)(full.used_bytes - empty.used_bytes) / (double)full.objects, BODY, HEAD, ask_of(key, 0).key.size);
	bool good = say_purge(w, empty.used_bytes);
	store_worker_close(w);
	store_free(store);
	return good ? 0 : 1;
}

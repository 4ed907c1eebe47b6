/* SPDX-License-Identifier: MIT */
/* Planted: the price list is kept for 400 ms; when it has expired, everybody who asks computes it anew,
 * all at the same time. Truth: contention.stampede, compute_prices.
 * Usage: stampede [repaired]; repaired, one computes while the others take the old list. */
#include "http.h"

enum { KEEP_MS = 400, ROUNDS = 9000000 };

static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static struct { char text[64]; long expires_ms; bool busy; } cache;
static bool repaired;

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static __attribute__((noinline)) unsigned
compute_prices(void)
{
	unsigned sum = 1821;

	for (int i = 0; i < ROUNDS; i++)
		sum = sum * 1664525u + 1013904223u + (sum >> 9);
	return sum;
}

static bool
look_up(char *text)
{
	bool fresh;

	pthread_mutex_lock(&cache_lock);
	fresh = now_ms() < cache.expires_ms || (repaired && cache.busy);
	cache.busy |= !fresh;
	memcpy(text, cache.text, sizeof(cache.text));
	pthread_mutex_unlock(&cache_lock);
	return fresh;
}

static const char *
answer(void)
{
	static _Thread_local char text[sizeof(cache.text)];

	if (look_up(text))
		return text;
	snprintf(text, sizeof(text), "prices %08x", compute_prices());
	pthread_mutex_lock(&cache_lock);
	memcpy(cache.text, text, sizeof(text));
	cache.expires_ms = now_ms() + KEEP_MS;
	cache.busy = false;
	pthread_mutex_unlock(&cache_lock);
	return text;
}

int
main(int argc, char **argv)
{
	(void)argv;
	repaired = argc > 1;
	return http_serve(answer, 64);
}

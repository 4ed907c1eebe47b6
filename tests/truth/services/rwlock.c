/* SPDX-License-Identifier: MIT */
/* Planted: one request in ten changes the catalogue and takes 8 ms for it with the lock to itself; all
 * readers wait. Truth: contention.lock, catalogue_lock. Usage: rwlock [repaired]; repaired, the change
 * is made beside and put in at once. */
#include "http.h"

static pthread_rwlock_t catalogue_lock = PTHREAD_RWLOCK_INITIALIZER;
static unsigned catalogue[256];
static bool repaired;

static __attribute__((noinline)) void
fetch_supplier_list(void)
{
	http_sleep_us(8000);
}

static __attribute__((noinline)) void
change_catalogue(unsigned item)
{
	if (repaired)
		fetch_supplier_list();
	pthread_rwlock_wrlock(&catalogue_lock);
	if (!repaired)
		fetch_supplier_list();
	catalogue[item % 256]++;
	pthread_rwlock_unlock(&catalogue_lock);
}

static __attribute__((noinline)) unsigned
read_catalogue(unsigned item)
{
	pthread_rwlock_rdlock(&catalogue_lock);
	unsigned count = catalogue[item % 256];
	pthread_rwlock_unlock(&catalogue_lock);
	return count;
}

static const char *
answer(void)
{
	static _Thread_local char text[32];
	static _Thread_local unsigned turn;

	if (++turn % 10 == 0)
		change_catalogue(turn);
	snprintf(text, sizeof(text), "%u left", read_catalogue(turn));
	return text;
}

int
main(int argc, char **argv)
{
	(void)argv;
	repaired = argc > 1;
	return http_serve(answer, 64);
}

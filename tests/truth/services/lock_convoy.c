/* SPDX-License-Identifier: MIT */
/* Planted: account_lock is held for 5 ms by every request. Truth: contention.lock, account_lock.
 * Usage: lock_convoy [repaired]; repaired, the bank is asked before the lock is taken. */
#include "http.h"

static pthread_mutex_t account_lock = PTHREAD_MUTEX_INITIALIZER;
static long balance;
static bool repaired;

static __attribute__((noinline)) void
ask_bank(void)
{
	http_sleep_us(5000);
}

static __attribute__((noinline)) void
book_transfer(void)
{
	if (repaired)
		ask_bank();
	pthread_mutex_lock(&account_lock);
	balance++;
	if (!repaired)
		ask_bank();
	pthread_mutex_unlock(&account_lock);
}

static const char *
answer(void)
{
	book_transfer();
	return "booked";
}

int
main(int argc, char **argv)
{
	(void)argv;
	repaired = argc > 1;
	return http_serve(answer, 64);
}

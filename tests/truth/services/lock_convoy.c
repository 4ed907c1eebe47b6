/* SPDX-License-Identifier: MIT */
/* Planted: account_lock is held for 5 ms by every request. Truth: contention.lock, account_lock. */
#include "http.h"

static pthread_mutex_t account_lock = PTHREAD_MUTEX_INITIALIZER;
static long balance;

static __attribute__((noinline)) void
book_transfer(void)
{
	pthread_mutex_lock(&account_lock);
	balance++;
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);   /* the bank's answer */
	pthread_mutex_unlock(&account_lock);
}

static const char *
answer(void)
{
	book_transfer();
	return "booked";
}

int
main(void)
{
	return http_serve(answer, 64);
}

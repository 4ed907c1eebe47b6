/* SPDX-License-Identifier: MIT */
/* Planted: a lock of its own making, waited for by spinning while its holder works for half a
 * millisecond. Truth: contention.lock, spin_acquire. Usage: spin_lock [repaired]; repaired, the work is
 * done outside the lock. */
#include <stdatomic.h>

#include "http.h"

enum { ROUNDS = 300000 };
static atomic_flag seats_taken = ATOMIC_FLAG_INIT;
static unsigned seats[64];
static bool repaired;

static __attribute__((noinline)) void
spin_acquire(atomic_flag *lock)
{
	while (atomic_flag_test_and_set_explicit(lock, memory_order_acquire))
#if defined(__x86_64__)
		__builtin_ia32_pause();
#else
		;
#endif
}

static __attribute__((noinline)) unsigned
choose_seat(unsigned seed)
{
	for (int i = 0; i < ROUNDS; i++)
		seed = seed * 1664525u + 1013904223u;
	return seed % 64;
}

static const char *
answer(void)
{
	static _Thread_local char text[32];
	unsigned seat = repaired ? choose_seat(7) : 0;

	spin_acquire(&seats_taken);
	if (!repaired)
		seat = choose_seat(7);
	seats[seat]++;
	atomic_flag_clear_explicit(&seats_taken, memory_order_release);
	snprintf(text, sizeof(text), "seat %u", seat);
	return text;
}

int
main(int argc, char **argv)
{
	(void)argv;
	repaired = argc > 1;
	return http_serve(answer, 8);
}

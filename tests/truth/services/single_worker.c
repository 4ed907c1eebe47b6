/* SPDX-License-Identifier: MIT */
/* Planted: one worker takes one connection at a time and waits 4 ms for a card reader in it; the
 * others wait in the accept queue. Truth: contention.workers. Usage: single_worker [WORKERS] */
#include "http.h"

static __attribute__((noinline)) void
read_card(void)
{
	http_sleep_us(4000);
}

static const char *
answer(void)
{
	read_card();
	return "card 4711";
}

int
main(int argc, char **argv)
{
	static struct http h = { .answer = answer, .close_each = true };

	return http_run(&h, argc > 1 ? atoi(argv[1]) : 1);
}

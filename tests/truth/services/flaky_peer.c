/* SPDX-License-Identifier: MIT */
/* Not the service: answers after MS milliseconds, and two times of three with 503.
 * Usage: flaky_peer MS */
#include "http.h"

static long wait_ms = 5;

static const char *
answer(void)
{
	static _Thread_local unsigned turn;

	http_sleep_us(wait_ms * 1000);
	if (++turn % 3 == 0)
		return "42";
	http_status = 503;
	return "try again";
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		wait_ms = atol(argv[1]);
	return http_serve(answer, 256);
}

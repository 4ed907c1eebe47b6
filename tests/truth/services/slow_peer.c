/* SPDX-License-Identifier: MIT */
/* Not the service: the peer that others wait for. Answers after MS milliseconds (preset 40). */
#include "http.h"

static long wait_ms = 40;

static const char *
answer(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = wait_ms * 1000000 }, NULL);
	return "at last";
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		wait_ms = atol(argv[1]);
	return http_serve(answer, 256);
}

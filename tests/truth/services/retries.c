/* SPDX-License-Identifier: MIT */
/* Planted: the stock service behind answers 503 to two of three questions, and each is asked again
 * until it answers. Truth: io.net.retry or io.net.downstream, the peer's address.
 * Usage: retries PORT [repaired]; repaired, the second failure is taken for "in stock". */
#include "peer.h"

enum { TRIES = 8 };
static int peer_port, tries = TRIES;

static __attribute__((noinline)) const char *
ask_stock(int fd)
{
	for (int i = 0; i < tries; i++) {
		if (peer_get(fd, "/stock/4711") == 200)
			return "in stock";
		if (i + 1 < tries)
			http_sleep_us(2000L << (i < 3 ? i : 3));
	}
	return tries < TRIES ? "probably in stock" : "unknown";
}

static const char *
answer(void)
{
	static _Thread_local int fd = -1;

	if (fd < 0)
		fd = peer_open(peer_port);
	return fd >= 0 ? ask_stock(fd) : "unknown";
}

int
main(int argc, char **argv)
{
	peer_port = argc > 1 ? atoi(argv[1]) : 0;
	if (argc > 2)
		tries = 1;
	return http_serve(answer, 64);
}

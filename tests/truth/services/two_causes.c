/* SPDX-License-Identifier: MIT */
/* Planted: two equal causes. Each request computes for some 8 ms in score_rows and waits 8 ms for a
 * peer. Truth: cpu.hot-function and io.net.downstream, both. Usage: two_causes PORT */
#include "peer.h"

enum { ROUNDS = 5000000 };
static int peer_port;

static __attribute__((noinline)) unsigned
score_rows(unsigned seed)
{
	for (int i = 0; i < ROUNDS; i++)
		seed = seed * 1664525u + 1013904223u + (seed >> 9);
	return seed;
}

static const char *
answer(void)
{
	static _Thread_local int fd = -1;
	static _Thread_local char text[32];

	if (fd < 0)
		fd = peer_open(peer_port);
	snprintf(text, sizeof(text), "%d %08x", peer_get(fd, "/rows"), score_rows(7));
	return text;
}

int
main(int argc, char **argv)
{
	peer_port = argc > 1 ? atoi(argv[1]) : 0;
	return http_serve(answer, 64);
}

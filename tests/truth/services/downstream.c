/* SPDX-License-Identifier: MIT */
/* Planted: every request asks a slow peer over HTTP, on a kept connection.
 * Truth: io.net.downstream, the peer's address. Usage: downstream PORT */
#include "peer.h"

static int peer_port;

static __attribute__((noinline)) const char *
ask_price(int fd)
{
	return peer_get(fd, "/price") == 200 ? "priced" : "no price";
}

static const char *
answer(void)
{
	static _Thread_local int fd = -1;

	if (fd < 0)
		fd = peer_open(peer_port);
	return fd >= 0 ? ask_price(fd) : "no price";
}

int
main(int argc, char **argv)
{
	peer_port = argc > 1 ? atoi(argv[1]) : 0;
	return http_serve(answer, 64);
}

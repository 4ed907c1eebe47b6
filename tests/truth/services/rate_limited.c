/* SPDX-License-Identifier: MIT */
/* Planted: the mail gateway allows less than is wanted; what it refuses with 429 sleeps 30 ms and asks
 * again. Truth: contention.rate-limit, the gateway's address. Usage: rate_limited PORT */
#include "peer.h"

static int peer_port;

static __attribute__((noinline)) const char *
send_mail(int fd)
{
	int status;

	while ((status = peer_get(fd, "/v1/messages")) == 429)
		http_sleep_us(30000);
	return status == 200 ? "sent" : "lost";
}

static const char *
answer(void)
{
	static _Thread_local int fd = -1;

	if (fd < 0)
		fd = peer_open(peer_port);
	return fd >= 0 ? send_mail(fd) : "lost";
}

int
main(int argc, char **argv)
{
	peer_port = argc > 1 ? atoi(argv[1]) : 0;
	return http_serve(answer, 128);
}

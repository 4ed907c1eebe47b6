/* SPDX-License-Identifier: MIT */
/* Planted: every request asks a slow peer over HTTP, on a kept connection.
 * Truth: io.net.downstream, the peer's address. Usage: downstream PORT */
#include "http.h"

static int peer_port;

static int
peer_connect(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)peer_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

static __attribute__((noinline)) int
ask_peer(int fd)
{
	static const char question[] = "GET /price HTTP/1.1\r\nHost: peer\r\n\r\n";
	char reply[512];

	return write(fd, question, sizeof(question) - 1) == (ssize_t)sizeof(question) - 1 &&
	    read(fd, reply, sizeof(reply)) > 0 ? 0 : -1;
}

static const char *
answer(void)
{
	static _Thread_local int fd = -1;

	if (fd < 0)
		fd = peer_connect();
	return fd >= 0 && ask_peer(fd) == 0 ? "priced" : "no price";
}

int
main(int argc, char **argv)
{
	peer_port = argc > 1 ? atoi(argv[1]) : 0;
	return http_serve(answer, 64);
}

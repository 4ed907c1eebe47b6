/* SPDX-License-Identifier: MIT */
/* Not the service: takes entries, a length of four bytes and a text, and answers each with a receipt of
 * four bytes. Usage: ledger_peer [US]; microseconds that an entry takes. */
#include "http.h"

static long wait_us;

static bool
read_all(int fd, void *to, size_t size)
{
	for (char *at = to; size > 0;) {
		ssize_t n = read(fd, at, size);
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static void *
keep_books(void *arg)
{
	int fd = (int)(intptr_t)arg, one = 1;
	uint32_t size, receipt = 0;
	char entry[4096];

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (read_all(fd, &size, sizeof(size)) && (size = ntohl(size)) <= sizeof(entry) &&
	    read_all(fd, entry, size)) {
		if (wait_us)
			http_sleep_us(wait_us);
		receipt++;
		if (http_send(fd, (char *)&receipt, sizeof(receipt)) < 0)
			break;
	}
	close(fd);
	return NULL;
}

int
main(int argc, char **argv)
{
	int listener = http_listen(1024);
	pthread_t t;

	wait_us = argc > 1 ? atol(argv[1]) : 0;
	for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;)
		if (pthread_create(&t, NULL, keep_books, (void *)(intptr_t)fd) == 0)
			pthread_detach(t);
	return 1;
}

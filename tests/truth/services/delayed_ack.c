/* SPDX-License-Identifier: MIT */
/* Planted: a question to the ledger is written as length and text, two small writes; the second waits
 * in the socket until the ledger's kernel acknowledges the first, some 40 ms later (RFC 896 and
 * RFC 1122, 4.2.3.2). Truth: io.net.nagle, the ledger's address.
 * Usage: delayed_ack PORT [repaired]; repaired, with TCP_NODELAY. */
#include "peer.h"

static int ledger_port;
static bool repaired;

static int
ledger_open(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)ledger_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (repaired)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

static __attribute__((noinline)) bool
ledger_add(int fd, const char *entry)
{
	uint32_t size = htonl((uint32_t)strlen(entry)), receipt;

	return write(fd, &size, sizeof(size)) == sizeof(size) &&
	    write(fd, entry, strlen(entry)) == (ssize_t)strlen(entry) &&
	    read(fd, &receipt, sizeof(receipt)) == sizeof(receipt);
}

static const char *
answer(void)
{
	static _Thread_local int fd = -1;

	if (fd < 0)
		fd = ledger_open();
	return fd >= 0 && ledger_add(fd, "debit 4711 credit 1821 amount 12.50") ? "entered" : "refused";
}

int
main(int argc, char **argv)
{
	ledger_port = argc > 1 ? atoi(argv[1]) : 0;
	repaired = argc > 2;
	return http_serve(answer, 64);
}

/* SPDX-License-Identifier: MIT */
/* Planted: the loop that serves all connections looks the shard's name up in each request, and waits
 * for the name server. Truth: io.blocking-call in resolve_shard.
 * Usage: dns_loop ADDRESS PORT [repaired]; repaired, a name is kept for a minute. */
#include "loop.h"

static struct sockaddr_in name_server = { .sin_family = AF_INET };
static int asking;
static bool repaired;

/* A question for the address of shard-7.internal (RFC 1035, 4.1). */
static size_t
write_question(unsigned char *q, uint16_t id)
{
	static const char labels[] = "\7shard-7\10internal\0\0\1\0\1";
	unsigned char head[12] = { id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };

	memcpy(q, head, sizeof(head));
	memcpy(q + sizeof(head), labels, sizeof(labels) - 1);
	return sizeof(head) + sizeof(labels) - 1;
}

static __attribute__((noinline)) uint32_t
resolve_shard(void)
{
	static uint16_t id;
	unsigned char packet[512];
	size_t size = write_question(packet, ++id);
	uint32_t address = 0;

	if (sendto(asking, packet, size, 0, (struct sockaddr *)&name_server, sizeof(name_server)) < 0)
		return 0;
	ssize_t n = recv(asking, packet, sizeof(packet), 0);
	if (n >= (ssize_t)size + 16)
		memcpy(&address, packet + n - 4, sizeof(address));
	return address;
}

static const char *
answer(const char *path, size_t *ret_size)
{
	static char text[160];
	static uint32_t address;
	static time_t until;

	(void)path;
	if (!repaired || time(NULL) >= until) {
		address = resolve_shard();
		until = time(NULL) + 60;
	}
	*ret_size = (size_t)snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	    "Content-Length: 8\r\n\r\n%08x", ntohl(address));
	return text;
}

int
main(int argc, char **argv)
{
	static struct loop l = { .answer = answer };

	if (argc < 3)
		return 2;
	inet_pton(AF_INET, argv[1], &name_server.sin_addr);
	name_server.sin_port = htons((uint16_t)atoi(argv[2]));
	repaired = argc > 3;
	asking = socket(AF_INET, SOCK_DGRAM, 0);
	return loop_serve(&l);
}

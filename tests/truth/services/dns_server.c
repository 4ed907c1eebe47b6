/* SPDX-License-Identifier: MIT */
/* Not the service: a name server that answers every question with 10.0.0.7 after MS milliseconds.
 * Usage: dns_server ADDRESS MS; port 53 where it may, else a free one. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static ssize_t
write_answer(unsigned char *packet, ssize_t n)
{
	static const unsigned char record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 10, 0, 0, 7 };

	packet[2] |= 0x80;         /* a response with one answer (RFC 1035, 4.1.1) */
	packet[7] = 1;
	memcpy(packet + n, record, sizeof(record));
	return n + (ssize_t)sizeof(record);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(53) }, from;
	socklen_t size = sizeof(a);
	unsigned char packet[1024];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc < 3 || inet_pton(AF_INET, argv[1], &a.sin_addr) != 1)
		return 2;
	if (bind(fd, (struct sockaddr *)&a, size) < 0) {
		a.sin_port = 0;
		if (bind(fd, (struct sockaddr *)&a, size) < 0)
			return 1;
	}
	getsockname(fd, (struct sockaddr *)&a, &size);
	printf("listening on %s:%d\n", argv[1], ntohs(a.sin_port));
	fflush(stdout);
	for (;;) {
		size = sizeof(from);
		ssize_t n = recvfrom(fd, packet, 512, 0, (struct sockaddr *)&from, &size);
		if (n < 12)
			continue;
		nanosleep(&(struct timespec){ .tv_nsec = atol(argv[2]) * 1000000 }, NULL);
		sendto(fd, packet, (size_t)write_answer(packet, n), 0, (struct sockaddr *)&from, size);
	}
}

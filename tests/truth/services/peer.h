/* SPDX-License-Identifier: MIT */
/* Asking another HTTP server on 127.0.0.1, as a client with kept or fresh connections does. */
#pragma once

#include "http.h"

/* -1 when nobody listens. */
static inline int
peer_open(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The status of the answer; -1 when the connection broke. The answers are short: one read. */
static inline int
peer_get(int fd, const char *path)
{
	char text[2048];
	int status, size = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: peer\r\n\r\n", path);

	if (http_send(fd, text, (size_t)size) < 0)
		return -1;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return sscanf(text, "HTTP/1.1 %d", &status) == 1 ? status : -1;
}

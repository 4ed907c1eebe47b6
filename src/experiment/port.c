/* SPDX-License-Identifier: MIT */
#include "experiment/port.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

#define LOWEST     10000
#define TRIES      1000
#define REMEMBERED 256

/* Given out most recently. */
static struct {
	uint16_t ports[REMEMBERED];
	size_t n;
} given;

static bool
was_given(uint16_t port)
{
	for (size_t i = 0; i < REMEMBERED; i++)
		if (given.ports[i] == port)
			return true;
	return false;
}

static bool
can_bind(int family, const void *address, socklen_t size)
{
	CLEANUP(fd_close_p) int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	/* Without IPv6 nobody can hold the port by it. */
	if (fd < 0)
		return family == AF_INET6;
	/* Connections that have ended may linger there: servers do not mind them either. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return bind(fd, address, size) == 0 || errno == EADDRNOTAVAIL;
}

bool
port_is_free(uint16_t port)
{
	/* Of every address: the service may listen on more than 127.0.0.1. */
	const struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	return can_bind(AF_INET, &v4, sizeof(v4)) && can_bind(AF_INET6, &v6, sizeof(v6));
}

/* Above `low` and below `high`, outside of what the kernel gives to connections where there is
 * enough room below or above that. */
static void
range(uint32_t *low, uint32_t *high)
{
	char text[64];
	unsigned first = 32768, last = 60999;

	if (file_peek(text, sizeof(text), "/proc/sys/net/ipv4/ip_local_port_range") > 0 &&
	    sscanf(text, "%u %u", &first, &last) != 2)
		first = 32768;
	*low = LOWEST;
	*high = first;
	if (first < LOWEST + TRIES) {
		*low = last < 65535 - TRIES ? last + 1 : LOWEST;
		*high = 65535;
	}
}

int
port_choose(uint16_t *ret, struct err *e)
{
	uint32_t low, high, random = 0;

	range(&low, &high);
	for (int i = 0; i < TRIES; i++) {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			random += 7919;
		uint16_t port = (uint16_t)(low + random % (high - low));
		if (was_given(port) || !port_is_free(port))
			continue;
		given.ports[given.n++ % REMEMBERED] = port;
		*ret = port;
		return 0;
	}
	err_set(e, EADDRINUSE, "no free port was found between %u and %u", low, high - 1);
	err_hint(e, "'ss -ltn' shows who has them; or start the service yourself and name its URL");
	return -EADDRINUSE;
}

const char *
port_fill_in(struct arena *a, const char *text, uint16_t port)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	const char *at;

	for (; (at = strstr(text, "{port}")); text = at + strlen("{port}")) {
		buf_append(&out, text, (size_t)(at - text));
		buf_printf(&out, "%u", port);
	}
	buf_puts(&out, text);
	return arena_strdup(a, buf_text(&out));
}

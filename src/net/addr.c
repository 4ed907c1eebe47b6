/* SPDX-License-Identifier: MIT */
#include "net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
addr_resolve(const char *host, uint16_t port, struct addr *ret, int max, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list;
	char service[8];
	int n = 0;

	snprintf(service, sizeof(service), "%u", port);
	int failed = getaddrinfo(host, service, &hints, &list);
	if (failed) {
		err_set(e, EHOSTUNREACH, "cannot find the host '%s': %s", host, gai_strerror(failed));
		err_hint(e, "check the spelling, or give the address itself");
		return -e->code;
	}
	for (struct addrinfo *a = list; a && n < max; a = a->ai_next) {
		if (a->ai_addrlen > sizeof(ret[n].sa))
			continue;
		memcpy(&ret[n].sa, a->ai_addr, a->ai_addrlen);
		ret[n++].size = a->ai_addrlen;
	}
	freeaddrinfo(list);
	return n ? n : err_set(e, EHOSTUNREACH, "the host '%s' has no address", host);
}

char *
addr_format(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (a->sa.ss_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&a->sa;
		inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
		snprintf(out, ADDR_TEXT_MAX, "[%s]:%u", host, ntohs(six->sin6_port));
	} else {
		const struct sockaddr_in *four = (const struct sockaddr_in *)&a->sa;
		inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host));
		snprintf(out, ADDR_TEXT_MAX, "%s:%u", host, ntohs(four->sin_port));
	}
	return out;
}

bool
addr_is_loopback(const struct addr *a)
{
	if (a->sa.ss_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)&a->sa)->sin_addr.s_addr) >> 24 == 127;
	if (a->sa.ss_family != AF_INET6)
		return false;
	const struct in6_addr *six = &((const struct sockaddr_in6 *)&a->sa)->sin6_addr;
	return IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127);
}

int
addr_of_socket(int fd, struct addr *ret)
{
	struct addr a = { .size = sizeof(a.sa) };

	if (getsockname(fd, (struct sockaddr *)&a.sa, &a.size) < 0)
		return -errno;
	*ret = a;
	return 0;
}

int
addr_of_peer(int fd, struct addr *ret)
{
	struct addr a = { .size = sizeof(a.sa) };

	if (getpeername(fd, (struct sockaddr *)&a.sa, &a.size) < 0)
		return -errno;
	*ret = a;
	return 0;
}

int
addr_connect(const struct addr *a)
{
	int on = 1;
	int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* On its way to itself a host meets no congestion; a control that paces (BBR) would only hold
	 * requests back, and arm a timer for each. */
	if (addr_is_loopback(a))
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", strlen("reno"));
	if (connect(fd, (const struct sockaddr *)&a->sa, a->size) < 0 && errno != EINPROGRESS) {
		int code = -errno;
		close(fd);
		return code;
	}
	return fd;
}

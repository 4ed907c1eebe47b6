/* SPDX-License-Identifier: MIT */
#include "spec/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SCHEME "http://"
#define URL_MAX 4096

static int
refuse_scheme(const char *text, struct err *e)
{
	if (strncmp(text, "https://", 8) == 0) {
		int code = err_usage(e, "'%s': TLS is not spoken yet, only http://", text);
		err_hint(e, "name the plain HTTP port behind the TLS terminator: http://%.200s", text + 8);
		return code;
	}
	int code = err_usage(e, "'%s' is not a URL that prony can load", text);
	if (!strstr(text, "://"))
		err_hint(e, "did you mean http://%.200s? (other targets are pid:N, unit:NAME and FILE.yaml)",
		    text);
	else
		err_hint(e, "a URL looks like http://127.0.0.1:8080/orders");
	return code;
}

/* "[::1]:8080", "localhost", "127.0.0.1:80": n bytes of authority. */
static int
parse_authority(const char *at, size_t n, struct url *u)
{
	const char *end = at + n, *host = at, *host_end;

	if (*at == '[') {
		host = at + 1;
		host_end = memchr(host, ']', (size_t)(end - host));
		if (!host_end)
			return -EINVAL;
		at = host_end + 1;
	} else {
		host_end = memchr(at, ':', n);
		if (!host_end)
			host_end = end;
		at = host_end;
	}
	size_t size = (size_t)(host_end - host);
	if (!size || size >= sizeof(u->host) || (at < end && *at != ':'))
		return -EINVAL;
	memcpy(u->host, host, size);
	u->host[size] = '\0';
	u->port = 80;
	if (at >= end)
		return 0;
	char *rest;
	long port = strtol(at + 1, &rest, 10);
	if (!isdigit((unsigned char)at[1]) || rest != end || port < 1 || port > 65535)
		return -EINVAL;
	u->port = (int)port;
	return 0;
}

int
url_parse(const char *text, struct url *ret, struct err *e)
{
	struct url u;
	int code;

	if (strncmp(text, SCHEME, strlen(SCHEME)) != 0)
		return refuse_scheme(text, e);
	const char *authority = text + strlen(SCHEME);
	size_t n = strcspn(authority, "/?#");
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || c - text > URL_MAX) {
			code = err_usage(e, "'%.80s' has a blank or a control character in it, or is too long", text);
			err_hint(e, "write a blank in a URL as %%20");
			return code;
		}
	if (memchr(authority, '@', n)) {
		code = err_usage(e, "a URL with a user or password in it");
		err_hint(e, "send them as a header: -H 'Authorization: Basic ...'");
		return code;
	}
	if (authority[n] == '#' || strchr(authority + n, '#')) {
		code = err_usage(e, "'%s': what follows '#' is never sent to a server", text);
		err_hint(e, "leave out '%.200s'", strchr(authority, '#'));
		return code;
	}
	if (parse_authority(authority, n, &u) < 0) {
		code = err_usage(e, "'%s': '%.*s' is not HOST or HOST:PORT", text, (int)n, authority);
		err_hint(e, "a URL looks like http://127.0.0.1:8080/orders");
		return code;
	}
	if (authority[n] == '?') {
		code = err_usage(e, "'%s': a path is missing before '?'", text);
		err_hint(e, "write http://%.*s/%.200s", (int)n, authority, authority + n);
		return code;
	}
	u.path = authority[n] ? authority + n : "/";
	*ret = u;
	return 0;
}

const char *
url_join(struct arena *a, const struct url *u, const char *path)
{
	bool v6 = strchr(u->host, ':') != NULL;
	const char *port = u->port == 80 ? "" : arena_printf(a, ":%d", u->port);

	return arena_printf(a, SCHEME "%s%s%s%s%s", v6 ? "[" : "", u->host, v6 ? "]" : "", port, path);
}

static bool
address_is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)address;
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	}
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const void *)address;
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
		    (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127);
	}
	return false;
}

int
url_is_loopback(const struct url *u, bool *ret, struct err *e)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM }, *found;

	int code = getaddrinfo(u->host, NULL, &want, &found);
	if (code != 0) {
		code = err_set(e, EHOSTUNREACH, "cannot find the host '%s': %s", u->host,
		    gai_strerror(code));
		err_hint(e, "check the name, or write its address");
		return code;
	}
	bool all = true;
	for (const struct addrinfo *i = found; i; i = i->ai_next)
		all = all && address_is_loopback(i->ai_addr);
	freeaddrinfo(found);
	*ret = all;
	return 0;
}

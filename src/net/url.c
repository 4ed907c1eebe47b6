/* SPDX-License-Identifier: MIT */
#include "net/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/addr.h"

#define SCHEME     "http://"
#define URL_MAX    4096
#define ADDRS_MAX  16

static int
refuse_scheme(const char *text, struct err *e)
{
	if (strncasecmp(text, "https://", 8) == 0) {
		err_usage(e, "'%s': TLS is not spoken yet, only http://", text);
		err_hint(e, "name the plain HTTP port behind the TLS terminator: http://%.200s", text + 8);
		return -EINVAL;
	}
	err_usage(e, "'%s' is not a URL that prony can load", text);
	if (!strstr(text, "://"))
		err_hint(e, "did you mean http://%.200s? (other targets are pid:N, unit:NAME and FILE.yaml)",
		    text);
	else
		err_hint(e, "a URL looks like http://127.0.0.1:8080/orders");
	return -EINVAL;
}

static int
check_characters(const char *text, struct err *e)
{
	for (const char *c = text; *c; c++)
		if (!isgraph((unsigned char)*c) || c - text > URL_MAX) {
			err_usage(e, "'%.80s' has a blank or another special character in it, or is too long",
			    text);
			err_hint(e, "write a blank in a URL as %%20");
			return -EINVAL;
		}
	const char *fragment = strchr(text, '#');
	if (fragment) {
		err_usage(e, "'%s': what follows '#' is never sent to a server", text);
		err_hint(e, "leave out '%.200s'", fragment);
		return -EINVAL;
	}
	return 0;
}

static bool
is_host_name(const char *host)
{
	for (const char *c = host; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.' && *c != '_')
			return false;
	return host[0] && host[0] != '.' && host[0] != '-';
}

/* ":8080" or nothing, up to `end`. */
static int
parse_port(const char *at, const char *end, int *ret_port)
{
	*ret_port = 80;
	if (at == end)
		return 0;
	if (*at != ':' || !isdigit((unsigned char)at[1]))
		return -EINVAL;
	char *rest;
	long port = strtol(at + 1, &rest, 10);
	if (rest != end || port < 1 || port > 65535)
		return -EINVAL;
	*ret_port = (int)port;
	return 0;
}

/* "[::1]:8080", "localhost", "127.0.0.1:80": n bytes. */
static int
parse_authority(const char *at, size_t n, struct url *u)
{
	const char *end = at + n;
	bool bracket = n && *at == '[';
	const char *host = at + bracket, *host_end = memchr(at, bracket ? ']' : ':', n);
	struct in6_addr six;

	if (!host_end && bracket)
		return -EINVAL;
	if (!host_end)
		host_end = end;
	size_t size = (size_t)(host_end - host);
	if (size >= sizeof(u->host) || parse_port(host_end + bracket, end, &u->port) < 0)
		return -EINVAL;
	memcpy(u->host, host, size);
	u->host[size] = '\0';
	if (bracket ? inet_pton(AF_INET6, u->host, &six) != 1 : !is_host_name(u->host))
		return -EINVAL;
	char port[8] = "";
	if (u->port != 80)
		snprintf(port, sizeof(port), ":%u", (unsigned)u->port & 0xffff);
	snprintf(u->authority, sizeof(u->authority), bracket ? "[%s]%s" : "%s%s", u->host, port);
	return 0;
}

int
url_parse(const char *text, struct url *ret, struct err *e)
{
	struct url u;

	if (strncasecmp(text, SCHEME, strlen(SCHEME)) != 0)
		return refuse_scheme(text, e);
	if (check_characters(text, e) < 0)
		return -EINVAL;
	const char *authority = text + strlen(SCHEME);
	size_t n = strcspn(authority, "/?");
	if (memchr(authority, '@', n)) {
		err_usage(e, "a URL with a user or password in it");
		err_hint(e, "send them as a header: -H 'Authorization: Basic ...'");
		return -EINVAL;
	}
	if (parse_authority(authority, n, &u) < 0) {
		err_usage(e, "'%s': '%.*s' is not HOST or HOST:PORT", text, (int)n, authority);
		err_hint(e, "a URL looks like http://127.0.0.1:8080/orders");
		return -EINVAL;
	}
	if (authority[n] == '?') {
		err_usage(e, "'%s': a path is missing before '?'", text);
		err_hint(e, "write http://%.*s/%.200s", (int)n, authority, authority + n);
		return -EINVAL;
	}
	u.path = authority[n] ? authority + n : "/";
	*ret = u;
	return 0;
}

const char *
url_join(struct arena *a, const struct url *u, const char *path)
{
	return arena_printf(a, SCHEME "%s%s", u->authority, path);
}

int
url_is_loopback(const struct url *u, bool *ret, struct err *e)
{
	struct addr addrs[ADDRS_MAX];
	bool all = true;

	int n = addr_resolve(u->host, (uint16_t)u->port, addrs, ADDRS_MAX, e);
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++)
		all = all && addr_is_loopback(&addrs[i]);
	*ret = all;
	return 0;
}

const char *
url_public(struct arena *a, const char *text)
{
	char *out = arena_strdup(a, text), *to = strchr(out, '?');

	for (const char *from = to; from && *from;) {
		size_t name = strcspn(from, "=&");
		memmove(to, from, name);
		to += name;
		from += name;
		if (*from == '=') {
			*to++ = *from++;
			size_t value = strcspn(from, "&");
			if (value)                /* an empty one stays: the copy never grows */
				*to++ = '*';
			from += value;
		}
		if (*from == '&')
			*to++ = *from++;
	}
	if (to)
		*to = '\0';
	return out;
}

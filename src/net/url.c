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

#define URL_MAX    4096
#define ADDRS_MAX  16

static const struct scheme {
	const char *name;
	int port;
	bool secure, has_user;
} schemes[URL_SCHEMES] = {
	[URL_HTTP] = { "http", 80, false, false },
	[URL_HTTPS] = { "https", 443, true, false },
	[URL_WS] = { "ws", 80, false, false },
	[URL_WSS] = { "wss", 443, true, false },
	[URL_POSTGRESQL] = { "postgresql", 5432, false, true },
	[URL_REDIS] = { "redis", 6379, false, true },
	[URL_REDISS] = { "rediss", 6379, true, true },
};

static int
refuse_scheme(const char *text, struct err *e)
{
	err_usage(e, "'%s' is not a URL that prony can load", text);
	if (!strstr(text, "://"))
		err_hint(e, "did you mean http://%.200s? (other targets are pid:N, unit:NAME and FILE.yaml)",
		    text);
	else
		err_hint(e, "a URL looks like http://127.0.0.1:8080/orders; https, ws, wss, postgresql, "
		            "redis and rediss are spoken too");
	return -EINVAL;
}

static const struct scheme *
scheme_of(const char *text, size_t *ret_prefix)
{
	for (size_t i = 0; i < URL_SCHEMES; i++) {
		size_t n = strlen(schemes[i].name);
		if (strncasecmp(text, schemes[i].name, n) == 0 && strncmp(text + n, "://", 3) == 0) {
			*ret_prefix = n + 3;
			return &schemes[i];
		}
	}
	return NULL;
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
	if (u->port != schemes[u->scheme].port)
		snprintf(port, sizeof(port), ":%u", (unsigned)u->port & 0xffff);
	snprintf(u->authority, sizeof(u->authority), bracket ? "[%s]%s" : "%s%s", u->host, port);
	return 0;
}

static int
hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0'
	    : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

/* Percent-decoded; false when it does not fit or holds a NUL. */
static bool
decode(const char *at, size_t n, char *out, size_t size)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		char c = at[i];
		if (c == '%' && i + 2 < n && hex(at[i + 1]) >= 0 && hex(at[i + 2]) >= 0) {
			c = (char)(hex(at[i + 1]) << 4 | hex(at[i + 2]));
			i += 2;
		}
		if (!c || k + 1 >= size)
			return false;
		out[k++] = c;
	}
	out[k] = '\0';
	return true;
}

/* "user:password@" of `n` bytes that end before the '@'. */
static int
parse_user(const char *at, size_t n, const struct scheme *s, struct url *u, struct err *e)
{
	const char *colon = memchr(at, ':', n);
	size_t user = colon ? (size_t)(colon - at) : n;

	if (!s->has_user) {
		err_usage(e, "a URL with a user or password in it");
		err_hint(e, "send them as a header: -H 'Authorization: Basic ...'");
		return -EINVAL;
	}
	if (decode(at, user, u->user, sizeof(u->user)) &&
	    (!colon || decode(colon + 1, n - user - 1, u->password, sizeof(u->password))))
		return 0;
	return err_usage(e, "the user or the password in the URL is too long");
}

int
url_parse(const char *text, struct url *ret, struct err *e)
{
	size_t prefix;
	const struct scheme *scheme = scheme_of(text, &prefix);

	if (!scheme)
		return refuse_scheme(text, e);
	if (check_characters(text, e) < 0)
		return -EINVAL;
	struct url u = { .scheme = (enum url_scheme)(scheme - schemes), .port = scheme->port };
	const char *authority = text + prefix;
	size_t n = strcspn(authority, "/?");
	const char *at = memrchr(authority, '@', n);
	if (at) {
		if (parse_user(authority, (size_t)(at - authority), scheme, &u, e) < 0)
			return -EINVAL;
		n -= (size_t)(at + 1 - authority);
		authority = at + 1;
	}
	if (parse_authority(authority, n, &u) < 0) {
		err_usage(e, "'%s': '%.*s' is not HOST or HOST:PORT", at ? "URL" : text, (int)n, authority);
		err_hint(e, "a URL looks like %s://127.0.0.1:8080/orders", scheme->name);
		return -EINVAL;
	}
	if (authority[n] == '?') {
		err_usage(e, "'%s': a path is missing before '?'", at ? "URL" : text);
		err_hint(e, "write %s://%.*s/%.200s", scheme->name, (int)n, authority, authority + n);
		return -EINVAL;
	}
	u.path = authority[n] ? authority + n : "/";
	*ret = u;
	return 0;
}

bool
url_is_secure(const struct url *u)
{
	return schemes[u->scheme].secure;
}

const char *
url_scheme_name(enum url_scheme s)
{
	return schemes[s].name;
}

/* What would not be read back as it is, in percent. */
static const char *
encode(struct arena *a, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = arena_alloc(a, 3 * strlen(text) + 1), *to = out;

	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-._~", *text)) {
			*to++ = *text;
			continue;
		}
		*to++ = '%';
		*to++ = digits[(unsigned char)*text >> 4];
		*to++ = digits[*text & 15];
	}
	return out;
}

const char *
url_join(struct arena *a, const struct url *u, const char *path)
{
	const char *who = "";

	if (u->user[0] || u->password[0])
		who = arena_printf(a, "%s%s%s@", encode(a, u->user), u->password[0] ? ":" : "",
		    encode(a, u->password));
	return arena_printf(a, "%s://%s%s%s", schemes[u->scheme].name, who, u->authority, path);
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
	char *out = arena_strdup(a, text);
	char *authority = strstr(out, "://");
	char *at = authority ? memrchr(authority, '@', strcspn(authority + 3, "/?") + 3) : NULL;
	if (at)
		memmove(authority + 3, at + 1, strlen(at + 1) + 1);
	char *to = strchr(out, '?');

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

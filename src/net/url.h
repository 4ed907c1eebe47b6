/* SPDX-License-Identifier: MIT */
/* URLs of services: absolute, without a fragment; user and password only where the protocol has
 * them. What would have to be guessed is an error. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

enum url_scheme {
	URL_HTTP, URL_HTTPS, URL_WS, URL_WSS, URL_POSTGRESQL, URL_REDIS, URL_REDISS, URL_SCHEMES
};

struct url {
	enum url_scheme scheme;
	char user[128], password[256];   /* decoded; "" none */
	char host[254];       /* name or address, an IPv6 one without brackets */
	int port;
	char authority[264];  /* for the Host header: "[::1]:8080", the scheme's own port left out */
	const char *path;     /* path and query, "/" at least; points into the text parsed, or is static */
};

/* 0, or -errno with a sentence that names the URL and what is wrong in it (STATUS_USAGE). */
int url_parse(const char *text, struct url *ret, struct err *e);

bool url_is_secure(const struct url *u);        /* TLS from the first byte */
const char *url_scheme_name(enum url_scheme s); /* "https" */

/* The URL as it was given, with another path. May hold a password. */
const char *url_join(struct arena *a, const struct url *u, const char *path);

/* A URL or path as it may be written down: without user and password; the values of its query,
 * which may be secrets, become '*'. "/orders?customer=*". */
const char *url_public(struct arena *a, const char *text);

/* Does every address of the host belong to this machine's loopback? Asks the resolver for names.
 * -errno when it knows no such host. */
int url_is_loopback(const struct url *u, bool *ret, struct err *e);

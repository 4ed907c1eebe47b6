/* SPDX-License-Identifier: MIT */
/* URLs of services: absolute, http://, without user, password or fragment. What would have to be
 * guessed is an error. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

struct url {
	char host[254];       /* name or address, an IPv6 one without brackets */
	int port;
	char authority[264];  /* for the Host header: "[::1]:8080", port 80 left out */
	const char *path;     /* path and query, "/" at least; points into the text parsed, or is static */
};

/* 0, or -errno with a sentence that names the URL and what is wrong in it (STATUS_USAGE). */
int url_parse(const char *text, struct url *ret, struct err *e);

/* "http://host:port" and a path, port 80 left out. */
const char *url_join(struct arena *a, const struct url *u, const char *path);

/* A URL or path as it may be written down: the values of its query, which may be secrets, become
 * '*'. "/orders?customer=*". */
const char *url_public(struct arena *a, const char *text);

/* Does every address of the host belong to this machine's loopback? Asks the resolver for names.
 * -errno when it knows no such host. */
int url_is_loopback(const struct url *u, bool *ret, struct err *e);

/* SPDX-License-Identifier: MIT */
/* URLs of services, as spec takes them: absolute, http://, without user, password or fragment. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

struct url {
	char host[256];     /* without the brackets of IPv6 */
	int port;
	const char *path;   /* "/" at least; points into the text parsed, or is static */
};

int url_parse(const char *text, struct url *ret, struct err *e);

/* "http://host:port" and a path, port 80 left out. */
const char *url_join(struct arena *a, const struct url *u, const char *path);

/* Does every address of the host belong to this machine's loopback? Asks the resolver for names.
 * -errno when it knows no such host. */
int url_is_loopback(const struct url *u, bool *ret, struct err *e);

/* SPDX-License-Identifier: MIT */
/* What is asked, ready to be sent: the routes with their requests as bytes. Made once, read by all
 * workers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "load/protocol.h"
#include "net/url.h"
#include "spec/spec.h"

struct route {
	const char *name;          /* path and query */
	char *bytes;               /* of the request */
	size_t size;
	bool head;                 /* the answer has no body */
};

struct program {
	double reuse;              /* share of requests on a kept connection */
	uint64_t seed;
	const struct protocol *protocol;
	struct url *urls;          /* a route each, all on one host and port */
	struct route *routes;
	size_t n_routes;
};

int program_make(const struct spec *spec, struct program *ret, struct err *e);
void program_done(struct program *p);    /* safe on a zeroed one */

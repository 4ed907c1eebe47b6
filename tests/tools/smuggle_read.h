/* SPDX-License-Identifier: MIT */
/* A second reader of HTTP/1.1 requests, for tests: written from RFC 9112 without a look at net/, slow and strict. What the
 * gate lets through must be what it reads too. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMUGGLE_REQUESTS_MAX 16

struct smuggle_request {
	char method[33], target[256];   /* cut */
	size_t head_bytes, body_bytes;
	bool last;                      /* no other may follow on this connection */
};

enum smuggle_end { SMUGGLE_ENDS, SMUGGLE_INCOMPLETE, SMUGGLE_FAULT };

struct smuggle_read {
	struct smuggle_request at[SMUGGLE_REQUESTS_MAX];
	size_t n;
	enum smuggle_end end;    /* what comes behind them */
	size_t used;             /* bytes of whole requests */
};

/* `canonical`: as a proxy has to write them: "Name: value", plain chunks, no target but a path or "*". */
void smuggle_read(const char *bytes, size_t size, bool canonical, struct smuggle_read *ret);

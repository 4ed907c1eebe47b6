/* SPDX-License-Identifier: MIT */
/* Where OpenSSL takes and hands out the clear text of a connection, in an object file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct tls_site {
	uint64_t offset;           /* in the file, for a probe pair on a whole function */
	bool writes;
	bool counted;              /* answers 1 and tells the bytes by a pointer; else answers the bytes */
};

enum { TLS_SITES = 4 };

struct tls_sites { struct tls_site sites[TLS_SITES]; size_t n; };

/* SSL_read, SSL_write and their _ex, or what they call where only that is cheap to probe (the
 * functions of OpenSSL 1.1 to 3 that do the work have their arguments, and one for the number of
 * bytes). -ENOENT: no OpenSSL inside. -ENOTSUP: there is, but probes would be wrong or too dear. */
int tls_sites_find(const char *path, struct tls_sites *ret, struct err *e);

/* The next `call` at or behind *at in a function's machine code: true, *at is behind it and
 * *ret_target what it calls, both from the beginning of the code. Bytes are not told apart from
 * instructions: the caller has to look at the target. Pure. */
bool tls_next_call(const uint8_t *code, size_t size, size_t *at, int64_t *ret_target);

/* SPDX-License-Identifier: MIT */
/* Length and hash of a body that streams by, gzip undone: what two answers are compared by.
 *
 * The hash is XXH3, 64 bits with seed 0, of libxxhash: fast and good enough to tell answers apart by
 * accident, not to withstand who wants them to look alike. A body of any size costs the same memory.
 * One thread at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest;

/* Unpacked, more is not looked at: a few kilobytes of gzip may stand for gigabytes. */
#define DIGEST_PLAIN_MAX (INT64_C(64) << 20)

struct digest_result {
	int64_t bytes;
	uint64_t hash;
	bool encoded;   /* an encoding was not undone: of the bytes as they came */
};

/* Never NULL; out of memory aborts. */
struct digest *digest_new(void);
void digest_free(struct digest *d);      /* accepts NULL */

/* The next body begins. */
void digest_start(struct digest *d);
/* `encoding`: what Content-Encoding says, NULL or "" nothing; only asked with the first bytes. */
void digest_feed(struct digest *d, const char *encoding, const char *bytes, size_t size);
/* What is not what its encoding says, does not end or unpacks to too much counts as it came. */
struct digest_result digest_end(const struct digest *d);

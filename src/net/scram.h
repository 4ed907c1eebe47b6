/* SPDX-License-Identifier: MIT */
/* SCRAM-SHA-256, the client's side, without channel binding (RFC 5802, RFC 7677): messages in,
 * messages out. A password that is not ASCII is used as it is, without SASLprep (RFC 4013).
 *
 * Deriving the key takes a millisecond and more, so that connections of one login share a cache:
 * as long as the server sends the same salt, only the first one pays. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define SCRAM_ITERATIONS_MAX 1000000   /* a server may not keep us busy for longer: about 0.4 s */
#define SCRAM_SALT_MAX       64
#define SCRAM_KEY_BYTES      32

/* Key of one user and password; zeroed before its first use. One thread. */
struct scram_cache {
	int iterations, salt_size;
	uint8_t salt[SCRAM_SALT_MAX], key[SCRAM_KEY_BYTES];
};

struct scram {
	size_t nonce_size;             /* of our part */
	struct buf messages;           /* what both sides will have signed */
	uint8_t server_signature[SCRAM_KEY_BYTES];
};

/* Append the first message. `user` without ',' and '=' (PostgreSQL wants it empty); `nonce`: fresh,
 * random, printable ASCII without space and ','. The struct must be zeroed before its first use. */
void scram_first(struct scram *s, const char *user, const char *nonce, struct buf *out);

/* Append the answer to the server's first message, and know what it must say last. NULL, or what
 * is wrong, static text. */
const char *scram_final(struct scram *s, const char *password, struct scram_cache *cache,
    const void *server_first, size_t size, struct buf *out);

/* Does the server know the password, too? NULL, or what is wrong, static text. */
const char *scram_verify(const struct scram *s, const void *server_final, size_t size);

void scram_done(struct scram *s);   /* the struct is as zeroed */

/* SPDX-License-Identifier: MIT */
/* wire: what goes over the connections to peers, as questions and answers on the tape.
 *
 * A machine a protocol (wire_x.c) reads what the collector copied: the beginning of what was
 * written, the beginning and the end of what was read. What was not copied is skipped by the
 * lengths that messages carry; where that is not possible the machine waits until it can tell again
 * where a message begins. A protocol is told by the bytes, wherever the server listens.
 *
 * Statements and commands reach the tape as fingerprints; passwords, values and answers are not
 * kept. Memory is bounded whatever peers send. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/tape.h"

struct wire;

/* What one call moved, as far as it was copied: `begun` at its beginning, `ended` at its end. */
struct wire_bytes {
	const uint8_t *begun, *ended;
	size_t n_begun, n_ended;
	size_t size;               /* of all that was moved */
};

struct wire *wire_new(struct tape *t);
void wire_free(struct wire *w);              /* accepts NULL */

/* A connection of the service to `peer` (a text of the tape) was opened or is met in a window;
 * `born` tells it from others that had its key before. Returns the port that decides what the peer
 * counts for: `port`, or the usual one of the protocol that it is known to speak. */
uint16_t wire_connection(struct wire *w, uint64_t key, uint64_t born, uint32_t peer, uint16_t port);

/* Its bytes are told as streams, by others: of the peer it is only known that it speaks HTTP. */
void wire_is_http2(struct wire *w, uint64_t key);

/* What is told of it from now on is what was encrypted, in the clear. */
void wire_is_clear(struct wire *w, uint64_t key);

/* Bytes were moved on such a connection. Returns the usual port of its protocol when they are the
 * ones that tell it, else 0. */
uint16_t wire_tell(struct wire *w, uint64_t key, bool written, const struct wire_bytes *bytes);

/* The same bytes once more, when `io` was added to the tape: adds its REC_ASK or REC_REPLY. */
void wire_io(struct wire *w, const struct rec *io, const struct wire_bytes *bytes);

/* A window begins or ends. Outside of windows nothing is added to the tape, but names of statements
 * are learnt. What comes next may begin anywhere; at the end answers of which the end was only
 * guessed are added. The first window begins with wire_window(w, true). */
void wire_window(struct wire *w, bool open);

/* What is known of a peer at an end. Texts of the tape; 0 unknown. */
struct wire_peer {
	const char *kind;          /* "postgresql" "redis" "http" "mysql"; NULL unknown */
	uint32_t database;         /* name of it */
	bool encrypted;            /* some of its connections cannot be read */
};
uint32_t wire_peer_of(const struct wire *w, uint64_t key);    /* 0: no such connection */
struct wire_peer wire_peer(const struct wire *w, uint32_t peer);

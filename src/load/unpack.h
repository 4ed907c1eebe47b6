/* SPDX-License-Identifier: MIT */
/* The body of an answer as it was before Content-Encoding: gzip (RFC 1952), the only one that prony
 * asks for. One of these serves all answers of a thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct unpack;

enum unpack_verdict {
	UNPACK_MORE,   /* all bytes taken, it goes on */
	UNPACK_DONE,   /* whole; what may come after it is not looked at */
	UNPACK_BAD,    /* these bytes are not gzip */
};

struct unpack *unpack_new(void);
void unpack_free(struct unpack *u);      /* accepts NULL */

/* Piece by piece: start, then feed until it says something else than MORE. `take` gets what comes
 * out; false: it has enough, and the rest of the piece is left out. */
void unpack_start(struct unpack *u);
enum unpack_verdict unpack_feed(struct unpack *u, const char *bytes, size_t size,
    bool (*take)(void *ctx, const char *bytes, size_t size), void *ctx);

/* Replaces what `out` holds, up to its cap. False: these bytes are not gzip, or do not end; `out`
 * has what came before that. */
bool unpack_gzip(struct unpack *u, const char *bytes, size_t size, struct buf *out);

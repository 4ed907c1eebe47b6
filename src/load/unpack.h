/* SPDX-License-Identifier: MIT */
/* The body of an answer as it was before Content-Encoding: gzip (RFC 1952), the only one that prony
 * asks for. One of these serves all answers of a thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct unpack;

struct unpack *unpack_new(void);
void unpack_free(struct unpack *u);      /* accepts NULL */

/* Replaces what `out` holds, up to its cap. False: these bytes are not gzip, or do not end; `out`
 * has what came before that. */
bool unpack_gzip(struct unpack *u, const char *bytes, size_t size, struct buf *out);

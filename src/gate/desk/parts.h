/* SPDX-License-Identifier: MIT */
/* Several ranges of what is stored as one answer: multipart/byteranges (RFC 9110, section 14.6). What stands between
 * the bytes; they themselves are read by who serves. On the heap, for free(). */
#pragma once

#include "base/buf.h"
#include "cache/range.h"

struct parts;

/* `terms`, `head`: of the stored object. NULL when memory, or randomness for the boundary, does not reach. */
struct parts *parts_new(const struct cache_ranges *ranges, const struct cache_terms *terms, struct text head);
void parts_put_type(const struct parts *p, struct buf *b);   /* the line of Content-Type */
int64_t parts_bytes(const struct parts *p);                  /* Content-Length */

/* Is there anything more behind the part that was shown last? */
bool parts_left(const struct parts *p);
/* What stands before the next part, and where that lies in the stored body; the same place twice: it is the end.
 * Returns the size. */
size_t parts_next(struct parts *p, char out[CACHE_PART_HEAD_MAX], uint64_t *ret_at, uint64_t *ret_end);

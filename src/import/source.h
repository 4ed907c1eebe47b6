/* SPDX-License-Identifier: MIT */
/* A file or stdin as a stream of bytes, unpacked when it is gzip, with its beginning kept so that
 * its format can be told before it is read. One thread at a time. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define SOURCE_HEAD_BYTES ((size_t)256 << 10)

struct source;

/* "-" is stdin. */
int source_open(const char *path, struct source **ret, struct err *e);
/* The same for bytes at hand, which are copied. */
struct source *source_of_text(const char *name, const char *text, size_t size);
void source_close(struct source *s);   /* accepts NULL */

const char *source_name(const struct source *s);
/* The first bytes, terminated; they are read again by source_read. */
const char *source_head(const struct source *s, size_t *ret_size);
/* Fill `room` unless the end comes first: bytes read, 0 at the end, or -errno. */
long source_read(struct source *s, char *to, size_t room, struct err *e);
/* What is left, whole; an error when it is more than max_bytes. */
int source_read_all(struct source *s, size_t max_bytes, struct buf *out, struct err *e);

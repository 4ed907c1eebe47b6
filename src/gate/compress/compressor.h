/* SPDX-License-Identifier: MIT */
/* Bytes into fewer bytes, in pieces or whole: gzip and deflate (RFC 1952, 1950), brotli (RFC 7932), zstd
 * (RFC 8878, with a window that every decoder must take).
 *
 * gzip and deflate on the fly are ISA-L's where it was built in, which is several times cheaper than zlib. A
 * shelf keeps compressors for use again, because making one costs more than a small response: one shelf a
 * thread. A compressor belongs to whoever took it until it is given back. */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "gate/compress/compress.h"

enum compress_effort {
	COMPRESS_FLYING,   /* for one client: cheap */
	COMPRESS_LASTING,  /* for all that ask later: as small as it gets, milliseconds per 100 KiB */
	COMPRESS_EFFORTS
};

enum compress_end {
	COMPRESS_MORE,     /* output may be held back */
	COMPRESS_FLUSH,    /* what was fed can be decoded from what is out */
	COMPRESS_FINISH,   /* that was all; the compressor can only be given back */
};

struct shelf;
struct compressor;

struct shelf *shelf_new(void);
void shelf_free(struct shelf *s);   /* with all that lies on it; accepts NULL */

/* NULL for CODING_IDENTITY, and when memory does not reach. */
struct compressor *compressor_take(struct shelf *s, enum coding coding, enum compress_effort effort);
void compressor_give(struct shelf *s, struct compressor *c);   /* at any point of a stream; accepts NULL */

/* Append to `out` what comes of these bytes. 0; -EIO when the coder fails, -EFBIG when `out` is full: the
 * stream is broken then. */
int compressor_feed(struct compressor *c, const void *bytes, size_t size, enum compress_end end,
    struct buf *out);

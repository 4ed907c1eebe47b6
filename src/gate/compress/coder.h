/* SPDX-License-Identifier: MIT */
/* The libraries behind compressor.h, one way to call them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "gate/compress/compressor.h"

#define CODER_PIECE 16384   /* bytes of output at a time */

struct coder {
	int level, format;      /* as the library has them */
	void *(*open)(const struct coder *self);   /* ready to be fed; NULL when memory does not reach */
	/* As compressor_feed. */
	int (*feed)(void *state, const void *bytes, size_t size, enum compress_end end, struct buf *out);
	bool (*again)(void *state);                /* as new, wherever it stood; false when that cannot be */
	void (*close)(void *state);
};

extern const struct coder coder_gzip_isal, coder_deflate_isal;
extern const struct coder coder_gzip_zlib_quick, coder_deflate_zlib_quick;   /* without ISA-L */
extern const struct coder coder_gzip_zlib, coder_deflate_zlib;
extern const struct coder coder_br_quick, coder_br;
extern const struct coder coder_zstd_quick, coder_zstd;

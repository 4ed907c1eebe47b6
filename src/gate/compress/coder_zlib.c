/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "gate/compress/coder.h"

#define WINDOW_GZIP    (15 + 16)
#define WINDOW_DEFLATE 15
#define FEED_MAX       ((size_t)1 << 30)   /* its counters have 32 bits */

static void *
open_stream(const struct coder *self)
{
	z_stream *z = calloc(1, sizeof(*z));

	if (z && deflateInit2(z, self->level, Z_DEFLATED, self->format, 8, Z_DEFAULT_STRATEGY) == Z_OK)
		return z;
	free(z);
	return NULL;
}

static int
drain(z_stream *z, int flush, struct buf *out)
{
	unsigned char piece[CODER_PIECE];

	do {
		z->next_out = piece;
		z->avail_out = sizeof(piece);
		int code = deflate(z, flush);
		if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
			return -EIO;
		buf_append(out, piece, sizeof(piece) - z->avail_out);
	} while (z->avail_out == 0);
	return 0;
}

static int
feed(void *state, const void *bytes, size_t size, enum compress_end end, struct buf *out)
{
	static const int flushes[] = { Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH };
	const unsigned char *at = bytes;
	z_stream *z = state;

	for (;;) {
		size_t n = size < FEED_MAX ? size : FEED_MAX;
		bool last = n == size;
		z->next_in = (unsigned char *)(uintptr_t)at;
		z->avail_in = (uInt)n;
		int code = drain(z, last ? flushes[end] : Z_NO_FLUSH, out);
		if (code < 0 || last)
			return code;
		at += n;
		size -= n;
	}
}

static bool
again(void *state)
{
	return deflateReset(state) == Z_OK;
}

static void
close_stream(void *state)
{
	deflateEnd(state);
	free(state);
}

#ifndef HAVE_ISAL
const struct coder coder_gzip_zlib_quick = { 1, WINDOW_GZIP, open_stream, feed, again, close_stream };
const struct coder coder_deflate_zlib_quick = { 1, WINDOW_DEFLATE, open_stream, feed, again,
	close_stream };
#endif
const struct coder coder_gzip_zlib = { 9, WINDOW_GZIP, open_stream, feed, again, close_stream };
const struct coder coder_deflate_zlib = { 9, WINDOW_DEFLATE, open_stream, feed, again, close_stream };

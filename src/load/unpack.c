/* SPDX-License-Identifier: MIT */
#include "load/unpack.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#define GZIP_WINDOW (15 + 16)      /* the largest window, in gzip's frame */
#define PIECE       16384

struct unpack { z_stream z; };

struct unpack *
unpack_new(void)
{
	struct unpack *u = calloc(1, sizeof(*u));

	if (!u || inflateInit2(&u->z, GZIP_WINDOW) != Z_OK)
		abort();
	return u;
}

void
unpack_free(struct unpack *u)
{
	if (u)
		inflateEnd(&u->z);
	free(u);
}

void
unpack_start(struct unpack *u)
{
	inflateReset(&u->z);
}

enum unpack_verdict
unpack_feed(struct unpack *u, const char *bytes, size_t size,
    bool (*take)(void *ctx, const char *bytes, size_t size), void *ctx)
{
	unsigned char piece[PIECE];
	bool more = true;
	int code = Z_OK;

	u->z.next_in = (const unsigned char *)bytes;
	u->z.avail_in = (uInt)size;
	while (code == Z_OK && more) {
		u->z.next_out = piece;
		u->z.avail_out = sizeof(piece);
		code = inflate(&u->z, Z_NO_FLUSH);
		more = take(ctx, (const char *)piece, sizeof(piece) - u->z.avail_out);
	}
	/* Z_BUF_ERROR: no more came out of these bytes. */
	return code == Z_STREAM_END ? UNPACK_DONE
	    : code == Z_OK || code == Z_BUF_ERROR ? UNPACK_MORE : UNPACK_BAD;
}

static bool
take_cut(void *ctx, const char *bytes, size_t size)
{
	struct buf *out = ctx;

	buf_append_cut(out, bytes, size);
	return !out->truncated;
}

bool
unpack_gzip(struct unpack *u, const char *bytes, size_t size, struct buf *out)
{
	buf_clear(out);
	unpack_start(u);
	return unpack_feed(u, bytes, size, take_cut, out) == UNPACK_DONE || out->truncated;
}

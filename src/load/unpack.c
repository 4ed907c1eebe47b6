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

bool
unpack_gzip(struct unpack *u, const char *bytes, size_t size, struct buf *out)
{
	unsigned char piece[PIECE];
	int code = Z_OK;

	buf_clear(out);
	inflateReset(&u->z);
	u->z.next_in = (const unsigned char *)bytes;
	u->z.avail_in = (uInt)size;
	while (code == Z_OK && !out->truncated) {
		u->z.next_out = piece;
		u->z.avail_out = sizeof(piece);
		code = inflate(&u->z, Z_NO_FLUSH);
		buf_append_cut(out, piece, sizeof(piece) - u->z.avail_out);
	}
	return code == Z_STREAM_END || out->truncated;
}

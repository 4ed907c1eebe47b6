/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <zstd.h>

#include "gate/compress/coder.h"

static void *
open_stream(const struct coder *self)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();

	if (!z)
		return NULL;
	ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, self->level);
	ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, self->format);
	return z;
}

static int
feed(void *state, const void *bytes, size_t size, enum compress_end end, struct buf *out)
{
	static const ZSTD_EndDirective directives[] = { ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end };
	ZSTD_inBuffer in = { bytes, size, 0 };
	char piece[CODER_PIECE];
	size_t left;

	do {
		ZSTD_outBuffer to = { piece, sizeof(piece), 0 };
		left = ZSTD_compressStream2(state, &to, &in, directives[end]);
		if (ZSTD_isError(left))
			return -EIO;
		buf_append(out, piece, to.pos);
	} while (in.pos < in.size || (end != COMPRESS_MORE && left));
	return 0;
}

static bool
again(void *state)
{
	return !ZSTD_isError(ZSTD_CCtx_reset(state, ZSTD_reset_session_only));
}

static void
close_stream(void *state)
{
	ZSTD_freeCCtx(state);
}

/* `format` is the window, as a power of two: RFC 9659: in Content-Encoding at most 8 MiB. What lasts is at most
 * SQUEEZE_BODY_MAX long; a window beyond would only cost memory. */
const struct coder coder_zstd_quick = { 3, 20, open_stream, feed, again, close_stream };
const struct coder coder_zstd = { 19, 19, open_stream, feed, again, close_stream };

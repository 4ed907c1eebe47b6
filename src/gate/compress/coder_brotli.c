/* SPDX-License-Identifier: MIT */
#include <brotli/encode.h>
#include <errno.h>

#include "gate/compress/coder.h"

static void *
open_stream(const struct coder *self)
{
	BrotliEncoderState *b = BrotliEncoderCreateInstance(NULL, NULL, NULL);

	if (!b)
		return NULL;
	BrotliEncoderSetParameter(b, BROTLI_PARAM_QUALITY, (uint32_t)self->level);
	BrotliEncoderSetParameter(b, BROTLI_PARAM_LGWIN, (uint32_t)self->format);
	return b;
}

static int
feed(void *state, const void *bytes, size_t size, enum compress_end end, struct buf *out)
{
	static const BrotliEncoderOperation operations[] = {
		BROTLI_OPERATION_PROCESS, BROTLI_OPERATION_FLUSH, BROTLI_OPERATION_FINISH,
	};
	const uint8_t *at = bytes;

	do {
		size_t none = 0;
		if (!BrotliEncoderCompressStream(state, operations[end], &size, &at, &none, NULL, NULL))
			return -EIO;
		while (BrotliEncoderHasMoreOutput(state)) {
			size_t n = 0;
			const uint8_t *piece = BrotliEncoderTakeOutput(state, &n);
			buf_append(out, piece, n);
		}
	} while (size);
	return 0;
}

/* The library has no way back to the beginning. */
static bool
again(void *state)
{
	return false;
}

static void
close_stream(void *state)
{
	BrotliEncoderDestroyInstance(state);
}

/* `format` is the window, as a power of two. */
const struct coder coder_br_quick = { 1, 18, open_stream, feed, again, close_stream };
const struct coder coder_br = { 11, 19, open_stream, feed, again, close_stream };

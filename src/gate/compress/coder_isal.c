/* SPDX-License-Identifier: MIT */
/* ISA-L's deflate. Each block has Huffman codes of its own and there is no lazy search, so vector
 * instructions reach far. */
#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdint.h>
#include <stdlib.h>

#include "gate/compress/coder.h"

#define WORKSPACE ISAL_DEF_LVL3_DEFAULT   /* the largest of levels 1 to 3 */
#define FEED_MAX  ((size_t)1 << 30)       /* its counters have 32 bits */

struct isal {
	struct isal_zstream stream;
	uint16_t format;
	uint8_t workspace[WORKSPACE];
};

static void *
open_stream(const struct coder *self)
{
	struct isal *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	isal_deflate_init(&s->stream);
	s->stream.level = (uint32_t)self->level;
	s->stream.gzip_flag = s->format = (uint16_t)self->format;
	s->stream.level_buf = s->workspace;
	s->stream.level_buf_size = sizeof(s->workspace);
	return s;
}

/* Until all is taken and no more comes. */
static int
drain(struct isal *s, struct buf *out)
{
	uint8_t piece[CODER_PIECE];

	do {
		s->stream.next_out = piece;
		s->stream.avail_out = sizeof(piece);
		if (isal_deflate(&s->stream) != COMP_OK)
			return -EIO;
		buf_append(out, piece, sizeof(piece) - s->stream.avail_out);
	} while (s->stream.avail_out == 0 || s->stream.avail_in);
	return 0;
}

static int
feed(void *state, const void *bytes, size_t size, enum compress_end end, struct buf *out)
{
	struct isal *s = state;
	const uint8_t *at = bytes;

	for (;;) {
		size_t n = size < FEED_MAX ? size : FEED_MAX;
		bool last = n == size;
		s->stream.next_in = (uint8_t *)(uintptr_t)at;
		s->stream.avail_in = (uint32_t)n;
		s->stream.flush = last && end == COMPRESS_FLUSH ? SYNC_FLUSH : NO_FLUSH;
		s->stream.end_of_stream = last && end == COMPRESS_FINISH;
		int code = drain(s, out);
		if (code < 0 || last)
			return code;
		at += n;
		size -= n;
	}
}

static bool
again(void *state)
{
	struct isal *s = state;

	isal_deflate_reset(&s->stream);
	s->stream.gzip_flag = s->format;   /* the library leaves "header written" there */
	return true;
}

const struct coder coder_gzip_isal = { 1, IGZIP_GZIP, open_stream, feed, again, free };
const struct coder coder_deflate_isal = { 1, IGZIP_ZLIB, open_stream, feed, again, free };

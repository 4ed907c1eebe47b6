/* SPDX-License-Identifier: MIT */
/* Any frames of any calls: no crash, and a request has a path. A call is a byte of flags (1: written;
 * 2: the connection's first; 4: cut; 8: a window ends before it; 16: another connection), one of what
 * continues a block, two of its size, and its bytes; 32: the service is the client. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "trace/streams.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
told(void *ctx, const struct stream_told *t)
{
	if (t->part == STREAM_REQUEST && (strlen(t->path) > EV_HEAD_BYTES || strlen(t->method) > EV_HEAD_BYTES))
		abort();
}

static size_t
call(struct streams *s, const uint8_t *data, size_t size)
{
	size_t n = data[2] | (size_t)data[3] << 8;
	n = n < size - 4 ? n : size - 4;
	n = n < EV_TEXT_BYTES ? n : EV_TEXT_BYTES;
	struct ev_io *e = calloc(1, offsetof(struct ev_io, text) + n);
	if (!e)
		abort();
	e->sock = data[0] & 16 ? 7 : 8;
	e->flags = EV_IO_FRAMES | (data[0] & 32 ? 0 : EV_IO_SERVER) | (data[0] & 1 ? EV_IO_WRITE : 0) |
	    (data[0] & 2 ? EV_IO_FIRST : 0) | (data[0] & 4 ? EV_IO_CUT : 0);
	e->pad = data[1];
	e->begun = (uint16_t)n;
	memcpy(e->text, data + 4, n);
	if (data[0] & 8)
		streams_window(s);
	streams_take(s, e, told, NULL);
	free(e);
	return 4 + n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct streams *s = streams_new();
	while (size >= 4) {
		size_t n = call(s, data, size);
		data += n;
		size -= n;
	}
	streams_free(s);
	return 0;
}

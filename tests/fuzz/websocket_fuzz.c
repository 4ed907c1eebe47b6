/* SPDX-License-Identifier: MIT */
/* Any bytes as what a WebSocket server says: no crash, bounded memory, and the same verdicts, figures
 * and replies whether they come at once or one by one. An input that begins with a zero byte is read
 * as frames, behind a good answer to the upgrade. */
#include <stdlib.h>
#include <string.h>

#include "net/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char good_answer[] = "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static enum websocket_verdict
feed(struct websocket *p, const void *bytes, size_t size, size_t piece, struct buf *keep,
    struct buf *out, struct buf *seen)
{
	const uint8_t *data = bytes;
	enum websocket_verdict v = WEBSOCKET_MORE;
	size_t used;

	for (size_t at = 0; at < size && v != WEBSOCKET_BAD; at += used) {
		size_t n = size - at < piece ? size - at : piece;
		v = websocket_feed(p, data + at, n, &used, out);
		if (used > n || p->head.allocated > 4 * WEBSOCKET_HEAD_MAX)
			abort();
		if (v == WEBSOCKET_MESSAGE) {
			buf_printf(seen, "%zu: %lld %d ", at + used, (long long)p->message_bytes, p->text);
			buf_append(seen, buf_text(keep), keep->size);
		}
	}
	return v;
}

static void
run(const uint8_t *data, size_t size, size_t piece, struct buf *seen)
{
	struct websocket p = { 0 };
	struct buf keep = { .cap_bytes = 32 }, out = { 0 };
	bool framed = size && !data[0];

	websocket_start(&p, &(struct websocket_request){ "h", "/", NULL }, 1, &keep, &out);
	memcpy(p.key, "dGhlIHNhbXBsZSBub25jZQ==", 24);
	if (framed && feed(&p, good_answer, strlen(good_answer), 1000, &keep, &out, seen) != WEBSOCKET_OPEN)
		abort();
	enum websocket_verdict v = feed(&p, data + framed, size - framed, piece, &keep, &out, seen);
	buf_printf(seen, "%d %d %d", v, p.status, p.close_code);
	buf_append(seen, out.data, out.size);
	websocket_done(&p);
	buf_done(&keep);
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, pieces = { 0 };

	run(data, size, size ? size : 1, &whole);
	run(data, size, 1, &pieces);
	if (whole.size != pieces.size || memcmp(whole.data, pieces.data, whole.size) != 0)
		abort();
	buf_done(&whole);
	buf_done(&pieces);
	return 0;
}

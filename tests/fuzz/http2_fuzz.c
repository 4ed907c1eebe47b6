/* SPDX-License-Identifier: MIT */
/* Any bytes as what an HTTP/2 server says to four requests: no crash, bounded memory, and every
 * stream ends once. The first byte says how many bytes come at once. */
#include <stdlib.h>

#include "net/http2.h"

#define STREAMS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http2_stream streams[STREAMS];
static int ends[STREAMS];

static void
on_header(void *ctx, struct http2_stream *s, const char *name, size_t name_size, const char *value,
    size_t value_size)
{
	if (s->head_bytes > HTTP2_HEAD_MAX || ends[s - streams])
		abort();
}

static void
on_head(void *ctx, struct http2_stream *s)
{
	if (s->status < 200 || s->status > 599 || ends[s - streams])
		abort();
}

static void
on_body(void *ctx, struct http2_stream *s, const char *bytes, size_t size)
{
	if (s->body_bytes < (int64_t)size || ends[s - streams])
		abort();
}

static void
on_ended(void *ctx, struct http2_stream *s, enum http2_end how)
{
	if (ends[s - streams]++ || (how == HTTP2_ANSWERED && s->status < 200))
		abort();
}

static void
give_requests(struct http2 *h, struct arena *a)
{
	static const char *const methods[STREAMS] = { "GET", "HEAD", "POST", "GET" };
	struct http2_request q;

	for (int i = 0; i < STREAMS; i++) {
		http2_request_begin(&q, a, methods[i], "http", "localhost", "/");
		if (i == 2)
			http2_request_body(&q, a, "0123456789", 10);
		ends[i] = 0;
		if (http2_request(h, &q, &streams[i]) < 0)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct http2_sink sink = { NULL, on_header, on_head, on_body, on_ended };
	struct http2_pool pool = { 0 };
	struct arena *a = arena_new();
	struct buf out = { 0 };
	struct http2 h;

	size_t piece = size && data[0] ? data[0] : 65536;
	if (http2_open(&h, &sink, &pool, &out) < 0)
		abort();
	give_requests(&h, a);
	http2_flush(&h, &out);
	for (size_t at = 1; at < size; at += piece) {
		buf_clear(&out);
		http2_feed(&h, data + at, size - at < piece ? size - at : piece, &out);
		if (out.size > 2 * HTTP2_FLUSH_BYTES || (h.state == HTTP2_DEAD && (h.n_open || !h.why[0])))
			abort();
	}
	for (int i = 0; i < STREAMS; i++) {
		if (!ends[i])
			http2_cancel(&h, &streams[i]);
		else if (ends[i] != 1)
			abort();
	}
	if (h.n_open)
		abort();
	http2_close(&h);
	http2_pool_done(&pool);
	arena_free(a);
	buf_done(&out);
	return 0;
}

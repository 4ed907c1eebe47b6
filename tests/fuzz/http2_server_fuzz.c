/* SPDX-License-Identifier: MIT */
/* Any bytes as what an HTTP/2 client says: no crash, every stream ends once, what is told is one head of HTTP/1.1 or
 * none, and what is kept is bounded. The first byte says how many bytes come at once. */
#include <stdlib.h>
#include <string.h>

#include "net/http1_request.h"
#include "net/http2_server.h"

#define STREAMS 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct asked {
	struct http2_inbound in;
	struct asked *next;
	bool answered, closed;
	size_t left, kept;
};

static struct http2_server server;
static struct asked *all;
static size_t n_open;

static struct http2_inbound *
on_opened(void *ctx)
{
	struct asked *a = calloc(1, sizeof(*a));

	if (!a || ++n_open > STREAMS)
		abort();
	a->next = all;
	all = a;
	return &a->in;
}

static void
answer(struct asked *a)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nAge: 1\r\n\r\n";

	if (a->answered || a->closed)
		abort();
	a->answered = true;
	a->left = 70000;
	if (http2_server_answer(&server, &a->in, (struct text){ head, sizeof(head) - 1 }, false) < 0)
		abort();
}

static void
on_request(void *ctx, struct http2_inbound *in, struct text head, bool ended)
{
	static struct http1_request r;
	size_t used;

	if (head.size) {
		enum http1_verdict v = http1_request_parse(&r, head.at, head.size, &used);
		if (v == HTTP1_MORE || (v == HTTP1_DONE && used != head.size))
			abort();
	}
	if (ended)
		answer((struct asked *)in);
}

static void
on_body(void *ctx, struct http2_inbound *in, const char *bytes, size_t size)
{
	struct asked *a = (struct asked *)in;

	a->kept += size;
	if (a->closed || a->kept > (size_t)HTTP2_SERVER_STREAM_WINDOW)
		abort();
	if (a->kept > 1000) {
		http2_server_consumed(&server, in, a->kept);
		a->kept = 0;
	}
}

static void
on_body_ended(void *ctx, struct http2_inbound *in)
{
	answer((struct asked *)in);
}

static size_t
on_ready(void *ctx, struct http2_inbound *in, bool *ret_last)
{
	*ret_last = ((struct asked *)in)->answered;
	return ((struct asked *)in)->left;
}

static void
on_take(void *ctx, struct http2_inbound *in, size_t size, struct buf *out)
{
	static const char bytes[70000];
	struct asked *a = (struct asked *)in;

	if (size > a->left || a->closed)
		abort();
	buf_append(out, bytes, size);
	a->left -= size;
}

static void
on_closed(void *ctx, struct http2_inbound *in)
{
	struct asked *a = (struct asked *)in;

	if (a->closed)
		abort();
	a->closed = true;
	n_open--;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct http2_server_sink sink = {
		NULL, on_opened, on_request, on_body, on_body_ended, on_ready, on_take, on_closed,
	};
	static const struct http2_server_limits limits = { .streams = STREAMS, .head_bytes = 4096 };
	struct http2_pool pool = { 0 };
	struct buf out = { 0 };
	size_t piece = size && data[0] ? data[0] : 65536;

	n_open = 0;
	if (http2_server_open(&server, &sink, &limits, &pool, 0) < 0)
		abort();
	http2_server_feed(&server, HTTP2_PREFACE, sizeof(HTTP2_PREFACE) - 1, 0);
	for (size_t at = 1; at < size; at += piece) {
		http2_server_feed(&server, data + at, size - at < piece ? size - at : piece, 0);
		do {
			buf_clear(&out);
			http2_server_flush(&server, 1 << 14, &out);
			if (out.size > 1 << 17)
				abort();
		} while (server.more);
	}
	http2_server_close(&server);
	http2_pool_done(&pool);
	buf_done(&out);
	while (all) {
		struct asked *a = all;
		all = a->next;
		free(a);
	}
	return 0;
}

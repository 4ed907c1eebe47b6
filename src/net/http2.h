/* SPDX-License-Identifier: MIT */
/* An HTTP/2 client connection (RFC 9113) over nghttp2: bytes in, bytes out. Knows no sockets.
 *
 * The same for cleartext by prior knowledge and for TLS where ALPN has chosen "h2": both begin with
 * what http2_open() puts into its buffer. Requests are given whole, their streams belong to the
 * caller, and each stream that was taken ends in exactly one call of sink.ended, unless it was
 * cancelled or the connection closed by the caller. What a peer sends is bounded: a head may hold
 * HTTP2_HEAD_MAX bytes, bodies are counted and not kept, and a flood of control frames ends the
 * connection (nghttp2's own limits).
 *
 * Functions of the sink are called from inside feed and flush and nowhere else. They may call
 * http2_request and http2_cancel, not feed, flush or close. One connection belongs to one thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/http2_pool.h"
#include "net/http2_request.h"

#define HTTP2_HEAD_MAX    ((size_t)64 << 10)   /* names, values and 32 a field, as RFC 7541, 4.1 */
#define HTTP2_FLUSH_BYTES ((size_t)256 << 10)  /* about the most that one call puts into `out` */

enum http2_state {
	HTTP2_OPEN,
	HTTP2_DRAINING,   /* the peer said GOAWAY: open streams go on, no new ones; close at n_open 0 */
	HTTP2_DEAD,       /* close it; http2.why says why */
};

enum http2_end {
	HTTP2_ANSWERED,   /* a whole response */
	HTTP2_RESET,      /* the peer broke the stream off: stream.error_code (RFC 9113, 7) */
	HTTP2_REFUSED,    /* the peer has not looked at it (REFUSED_STREAM, or above the last stream of
	                   * its GOAWAY): it may be sent again */
	HTTP2_BAD,        /* a response against the rules of HTTP or with too large a head; or a request
	                   * with a head above nghttp2's 64 KiB */
	HTTP2_LOST,       /* the connection ended first */
};

/* One request in flight; the caller's memory, where it stays until it has ended. */
struct http2_stream {
	/* Of the answer so far. */
	int status;                /* of the last head that began, 0 none yet */
	uint32_t error_code;       /* of HTTP2_RESET and HTTP2_REFUSED */
	int64_t body_bytes;        /* without framing and padding */

	/* The rest is this module's. */
	int32_t id;
	bool head_passed, complete, reset_by_peer, sent, bad, has_status, head_request;
	size_t head_bytes;
	int64_t length;            /* the head's promise, -1 none */
	const char *body;          /* of the request, what is still to be sent */
	size_t body_left;
	struct http2_stream *before, *after;
};

struct http2_sink {
	void *ctx;
	/* A field of the head (of an interim one too) or a trailer, name in lower case; NULL: not
	 * interested. The bytes are valid during the call. */
	void (*header)(void *ctx, struct http2_stream *s, const char *name, size_t name_size,
	    const char *value, size_t value_size);
	/* The head of the final answer is complete: s->status. */
	void (*head)(void *ctx, struct http2_stream *s);
	/* Bytes of the body, counted already: the first ones when s->body_bytes == size. NULL: only
	 * counted. */
	void (*body)(void *ctx, struct http2_stream *s, const char *bytes, size_t size);
	/* The stream is over and the struct the caller's again. */
	void (*ended)(void *ctx, struct http2_stream *s, enum http2_end how);
};

struct http2 {
	enum http2_state state;
	uint32_t n_open;           /* streams given and not ended */
	bool more;                 /* to be sent than the last flush or feed put into `out`: flush again */
	char why[160];             /* HTTP2_DEAD, and HTTP2_DRAINING after an error: one sentence */
	uint32_t goaway_code;      /* of the peer's GOAWAY (RFC 9113, 7); 0 none or NO_ERROR */
	int32_t goaway_last;       /* the last stream it will answer; -1: no GOAWAY came */

	/* The rest is this module's. */
	nghttp2_session *session;
	const struct http2_sink *sink;
	struct http2_stream *streams;                /* all open ones */
	int32_t recent_id;                           /* lookups of the same stream come in a row */
	struct http2_stream *recent;
	unsigned char first[8];                      /* bytes of the peer, to tell what else it speaks */
	size_t n_first;
	char fault[96];                               /* what nghttp2 told the peer to be wrong */
};

/* Begin a connection: preface and settings go to `out`. `h` must not move until it is closed; the sink and
 * the pool (one for all connections of a thread) outlive it. -ENOMEM. */
int http2_open(struct http2 *h, const struct http2_sink *sink, struct http2_pool *pool,
    struct buf *out);

/* Give a request; it is sent by the next flush or feed, until when the request's values must stay;
 * its body until the stream has ended. Above the number of streams that the peer allows it waits.
 * 0, -ESHUTDOWN in any state but OPEN or when no stream number is left (open a new connection),
 * -ENOMEM. After an error the stream is not taken. */
int http2_request(struct http2 *h, const struct http2_request *q, struct http2_stream *s);

/* Forget a stream (a timeout): the peer is told to stop, the sink hears no more of it, and the
 * struct is the caller's again at once. */
void http2_cancel(struct http2 *h, struct http2_stream *s);

/* Bytes from the peer. Answers, acknowledgements and what the sink's functions have requested go
 * to `out`, as by http2_flush: afterwards flush again while h->more, nothing else would. */
enum http2_state http2_feed(struct http2 *h, const void *bytes, size_t size, struct buf *out);

/* Append what is to be sent to `out`, up to about HTTP2_FLUSH_BYTES; true, and h->more: call again
 * when that is on its way. Once for many requests is cheapest. */
bool http2_flush(struct http2 *h, struct buf *out);

/* Release memory, without a word to the sink or the peer. Safe on a zeroed struct. */
void http2_close(struct http2 *h);

/* The name of an error code, "ENHANCE_YOUR_CALM"; static. */
const char *http2_code_name(uint32_t code);

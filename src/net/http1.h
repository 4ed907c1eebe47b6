/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 responses: bytes in, one verdict out. Knows no sockets.
 *
 * Incremental and strict (RFC 9112): a line is looked at when its end has arrived; one that comes
 * in pieces is kept meanwhile, at most HTTP1_LINE_MAX bytes. Bodies are counted, not kept, but may be handed on. Head,
 * trailers and interim (1xx) answers are bounded, so that no peer can make us work without end or
 * grow; an endless body ends by the caller's timeout. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/http1_body.h"

#define HTTP1_LINE_MAX    ((size_t)16 << 10)
#define HTTP1_HEAD_MAX    ((size_t)64 << 10)   /* all lines of one response together */
#define HTTP1_INTERIM_MAX 16                   /* 1xx answers before the real one */

struct http1 {
	/* What is known; valid once the head has passed, whole with HTTP1_DONE. */
	int status;
	bool keep_alive;                 /* the connection may carry another request */
	int64_t body_bytes;              /* of the body as transferred, chunk framing left out */
	char content_type[64], content_encoding[32];   /* cut when longer */
	const char *why;                 /* what was wrong, static text */

	/* May be set after http1_start: who wants the lines of the head, the status line among them,
	 * each ending in CRLF; and the body, without chunk framing, as it comes. */
	struct buf *head;
	void (*body)(void *ctx, const char *bytes, size_t size);
	void *body_ctx;

	/* The rest is the parser's. */
	int state;
	bool head_request, chunked, has_length, old_version;
	int64_t left;                    /* Content-Length */
	struct http1_body counter;
	size_t head_bytes;
	int interim;
	struct buf line;                 /* a line of which only the beginning has arrived */
};

/* Get ready for the response to a request; `head_request`: to a HEAD, so without a body. The
 * struct must be zeroed before its first use. */
void http1_start(struct http1 *p, bool head_request);

enum http1_verdict http1_feed(struct http1 *p, const void *bytes, size_t size, size_t *ret_used);

/* The peer has ended the stream: DONE when that is how this response ends, MORE when it broke off
 * in the middle (or never began: http1_begun). */
enum http1_verdict http1_end(const struct http1 *p);

bool http1_begun(const struct http1 *p);   /* has a first byte arrived? */
void http1_done(struct http1 *p);          /* releases memory; the struct is as zeroed */

/* SPDX-License-Identifier: MIT */
/* Where the body of an HTTP/1.1 message ends, and its bytes without the framing of chunks (RFC 9112,
 * sections 6 and 7). Bytes in, stretches of the body out; holds no memory, waits for nothing: any
 * split of the bytes gives the same body and the same verdict.
 *
 * Extensions and trailers are looked at and left out; they are bounded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/field.h"

enum http1_verdict {
	HTTP1_MORE,    /* all bytes taken, the message goes on */
	HTTP1_DONE,    /* complete; *ret_used bytes belonged to it */
	HTTP1_BAD,     /* not HTTP/1.x, or not by its rules: see `why` */
};

enum http1_framing {
	HTTP1_NO_BODY,
	HTTP1_LENGTH,    /* so many bytes */
	HTTP1_CHUNKED,
	HTTP1_TO_END,    /* until the peer ends the stream */
};

struct http1_body {
	int64_t bytes;       /* of the body so far, without framing */
	const char *why;     /* what was wrong, static text */
	bool lenient;        /* lines of chunks may end in LF alone, extensions may be anything; set after start */

	/* The rest is the counter's. */
	int state;
	int64_t left;        /* of the body or the chunk */
	int digits;
	uint32_t extra;      /* bytes of an extension, or of all trailers */
};

/* `length` for HTTP1_LENGTH. */
void http1_body_start(struct http1_body *b, enum http1_framing framing, int64_t length);

bool http1_body_ended(const struct http1_body *b);
bool http1_body_to_end(const struct http1_body *b);   /* the stream's end is its end */

/* Take bytes: up to the end of a stretch of the body, which is *ret_data (may be empty), or of the
 * message. To be called again with the rest while HTTP1_MORE and bytes are left. */
enum http1_verdict http1_body_feed(struct http1_body *b, const char *bytes, size_t size,
    size_t *ret_used, struct text *ret_data);

/* SPDX-License-Identifier: MIT */
/* Heads of HTTP/1.1 requests as a server must take them: strictly (RFC 9112; RFC 9110). Where two readers of the
 * same bytes could see different requests, the request is refused: line feeds alone, folded lines,
 * blanks before a colon, control characters, two lengths, length and chunks, unknown codings, no Host or
 * two, targets of other forms.
 *
 * Pure: bytes in, a verdict out; holds no memory. Bytes that came in pieces are given again from the head's
 * first on, until there are enough. */
#pragma once

#include "net/http1_body.h"
#include "net/http1_head.h"

struct http1_request {
	/* Views of the bytes; with HTTP1_DONE. */
	struct text method;
	struct text target;        /* origin-form, or "*": what a server behind is to be asked */
	struct text host;          /* of the target when that has one, else the field; empty only in HTTP/1.0 */
	struct http_fields fields;
	bool old;                  /* HTTP/1.0 */
	bool keep_alive;           /* the client wants to go on */
	bool expects_continue;
	bool upgrades;             /* Connection: upgrade, with an Upgrade field other than to HTTP/2, and no body */
	enum http1_framing framing;
	int64_t length;            /* with HTTP1_LENGTH */

	/* With HTTP1_BAD: what to answer, and why (static text). */
	int status;
	const char *why;

	struct http_field all[HTTP1_FIELDS_MAX];
};

/* HTTP1_DONE: *ret_used bytes were the head. MORE: it is not all there, what is there has no fault. */
enum http1_verdict http1_request_parse(struct http1_request *r, const char *bytes, size_t size,
    size_t *ret_used);

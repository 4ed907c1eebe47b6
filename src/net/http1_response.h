/* SPDX-License-Identifier: MIT */
/* Heads of HTTP/1.1 responses with all their fields, as a proxy needs them; strict like http1_request.h, and as pure.
 * (http1.h reads whole responses of which only a few fields matter.) */
#pragma once

#include "net/http1_body.h"
#include "net/http1_head.h"

struct http1_response {
	/* Views of the bytes; with HTTP1_DONE. */
	int status;
	struct text reason;
	struct http_fields fields;
	bool keep_alive;           /* the connection may carry another request, when the body has ended */
	enum http1_framing framing;
	int64_t length;            /* Content-Length, also where no body follows; -1: none */
	const char *why;           /* with HTTP1_BAD: static text */

	struct http_field all[HTTP1_FIELDS_MAX];
};

/* `head`: of the answer to a HEAD, which has no body. HTTP1_DONE: *ret_used bytes were the head, also
 * of an interim response (1xx), after which another head comes. */
enum http1_verdict http1_response_parse(struct http1_response *r, bool head, const char *bytes,
    size_t size, size_t *ret_used);

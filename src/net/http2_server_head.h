/* SPDX-License-Identifier: MIT */
/* Heads between HTTP/2 and HTTP/1.1. Private to http2_server*.c. */
#pragma once

#include "net/http1_head.h"
#include "net/http2_server.h"

#define HTTP2_ANSWER_FIELDS_MAX (HTTP1_FIELDS_MAX + 32)   /* what servers may send, and what is added on the way */

void http2_head_begin(struct http2_head *h);
/* A field. False: malformed. What is beyond `most` bytes is counted alone. */
bool http2_head_take(struct http2_head *h, size_t most, struct text name, struct text value);
/* All are there: h->text is the head as HTTP/1.1 has it. `ended`: without a body; one of unknown length is told as
 * chunked. False: malformed. */
bool http2_head_finish(struct http2_head *h, bool ended);
void http2_head_done(struct http2_head *h);

/* The fields of an answer; views of `head` and of `status`. Returns how many, or -EINVAL. */
int http2_answer_fields(struct text head, char status[3], nghttp2_nv out[HTTP2_ANSWER_FIELDS_MAX]);

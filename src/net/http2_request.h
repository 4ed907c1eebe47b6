/* SPDX-License-Identifier: MIT */
/* The head of an HTTP/2 request, built once for many requests.
 *
 * Names and values are kept as nghttp2 takes them without copying. Fields that stay the same shrink
 * to an index in HPACK's table after the first request of a connection (:path does not: nghttp2
 * sends it as a literal); fields that vary are marked so that they do not push others out of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <nghttp2/nghttp2.h>

#include "base/arena.h"

#define HTTP2_FIELDS_MAX 64
#define HTTP2_FIELD_PATH 3           /* number of the :path field, for http2_request_vary */

struct http2_request {
	nghttp2_nv fields[HTTP2_FIELDS_MAX];
	size_t n_fields;
	bool head;                       /* the method is HEAD */
	const void *body;                /* borrowed */
	size_t body_size;
};

/* Texts are copied to the arena. `scheme` is "http" or "https". */
void http2_request_begin(struct http2_request *q, struct arena *a, const char *method,
    const char *scheme, const char *authority, const char *path);

/* Add a field; its name may have capitals. Host replaces :authority; what belongs to HTTP/1
 * connections (Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade: RFC 9113,
 * 8.2.2) is left out. Returns the field's number, -ENOENT left out, -E2BIG too many, -EINVAL a name
 * or value that HTTP/2 does not allow. */
int http2_request_add(struct http2_request *q, struct arena *a, const char *name,
    const char *value);

/* Send these bytes as the body, with a content-length. Borrowed: see http2_request. Returns 0 or
 * -E2BIG. */
int http2_request_body(struct http2_request *q, struct arena *a, const void *bytes, size_t size);

/* Another value for field number `i`, from now on. Borrowed until the next http2_flush. */
void http2_request_vary(struct http2_request *q, size_t i, const char *value, size_t size);

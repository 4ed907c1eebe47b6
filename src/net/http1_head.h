/* SPDX-License-Identifier: MIT */
/* What heads of requests and of responses have in common (RFC 9112, section 5; RFC 9110, section 5.6.2):
 * classes of bytes, the lines of fields, and what fields say of the message's framing. Shared by
 * http1_request.c, http1_response.c and http1_body.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http1_body.h"
#include "net/http_fields.h"

#define HTTP1_FIELDS_MAX 128

enum { HTTP1_TOKEN = 1, HTTP1_TEXT = 2, HTTP1_TARGET = 4, HTTP1_HOST = 8 };
extern const uint8_t http1_classes[256];

static inline bool
http1_is_token(unsigned char c)
{
	return http1_classes[c] & HTTP1_TOKEN;
}

/* What a value may hold: printable, blank, or not ASCII. */
static inline bool
http1_is_text(unsigned char c)
{
	return http1_classes[c] & HTTP1_TEXT;
}

/* A place in the bytes of a head. */
struct http1_scan {
	const char *at, *end;
	const char *why;           /* with HTTP1_BAD */
};

static inline enum http1_verdict
http1_scan_bad(struct http1_scan *s, const char *why)
{
	s->why = why;
	return HTTP1_BAD;
}

/* CRLF, and only that. */
enum http1_verdict http1_scan_crlf(struct http1_scan *s);
/* Bytes of a class; stops at the first other one, or at the end. */
struct text http1_scan_class(struct http1_scan *s, uint8_t class);
/* All fields and the empty line behind them. *ret_n may be HTTP1_FIELDS_MAX with BAD: too many. */
enum http1_verdict http1_scan_fields(struct http1_scan *s, struct http_field *fields, uint32_t *ret_n);

/* What the fields say of the message; on this connection only. */
struct http1_hop {
	int64_t length;            /* Content-Length; -1: none */
	uint32_t lengths;          /* how many fields of that name */
	bool chunked;
	bool coded;                /* a Transfer-Encoding that is not just chunked */
	bool close, keep_alive, upgrade;   /* words of Connection */
};

/* NULL, or what is wrong. */
const char *http1_hop_read(struct http1_hop *ret, const struct http_fields *fields);

/* A field that is about this connection and goes no further (RFC 9110, section 7.6.1): one of those
 * that always are, or named by Connection. */
bool http1_is_hop_field(const struct http_fields *fields, struct text name);

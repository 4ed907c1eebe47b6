/* SPDX-License-Identifier: MIT */
/* A server of HTTP/2 with a client whose frames are written here, so that it may do what it must not. */
#pragma once

#include "check.h"
#include "net/http2_server.h"

struct asked {
	struct http2_inbound in;
	struct asked *next;
	const char *answer;              /* what is left of it */
	size_t left;
	bool answered, closed;
};

struct side {
	struct http2_server h;
	struct http2_pool pool;
	nghttp2_hd_deflater *packer;
	struct buf in, out;
	int64_t now_ns;
	struct asked *all;
	int opened, closed;
	struct buf head, body;           /* of the latest request */
	bool ended;
	bool silent;                     /* nobody is answered */
	size_t answer_bytes;
	bool keep_windows;               /* bodies are not consumed */
};

void side_open(struct side *s);
void side_close(struct side *s);

/* A request of this side is answered with `answer_bytes`. */
void answer(struct side *s, struct asked *a);

/* ---- who asks: frames as text ---- */

#define GET   ":method=GET,:scheme=http,:path=/,:authority=a"
#define WAIT  ":method=GET,:scheme=http,:path=/wait,:authority=a"   /* it gets no answer */
#define START "4:0:0:;"

void put_frame(struct buf *b, int type, int flags, uint32_t stream, const char *payload, size_t size);

/* "name=value,name=value" */
void pack_fields(struct side *s, const char *text, size_t size, struct buf *out);

/* "type:flags:stream:payload" between ';', numbers in hex. A payload is hex, or '~' and how many zeros, or '@' and
 * fields, or '@' alone for a GET; in front of fields there may be hex. */
void put_frames(struct side *s, const char *text);

/* Carry what was written, in pieces, and gather what comes back. */
bool carry(struct side *s, size_t piece);

/* ---- what came back ---- */

/* The first frame of a type that came back; its payload's size or -1. */
int find_frame(const struct side *s, int type, uint32_t stream, const unsigned char **ret_payload, int *ret_flags);

/* The code of the first RST_STREAM or GOAWAY; -1: there is none. */
int code_of(const struct side *s, int type);

size_t data_bytes(const struct side *s);

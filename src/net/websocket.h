/* SPDX-License-Identifier: MIT */
/* WebSocket (RFC 6455), the client's side: bytes in, one verdict out, and what must be answered.
 * Knows no sockets. Incremental and strict; no extensions.
 *
 * A connection begins with websocket_start() and is OPEN after the server's 101. Messages are
 * counted, and kept only in a buffer of the caller's, so that one of any size costs no memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define WEBSOCKET_HEAD_MAX    ((size_t)16 << 10)   /* of the server's answer */
#define WEBSOCKET_MESSAGE_MAX ((int64_t)1 << 30)   /* bytes of a message, all fragments together */
#define WEBSOCKET_CONTROL_MAX 125
#define WEBSOCKET_UNSENT_MAX  ((size_t)64 << 10)   /* with more unsent, pings stay unanswered */

enum websocket_verdict {
	WEBSOCKET_MORE,      /* all bytes taken */
	WEBSOCKET_OPEN,      /* upgraded: messages may go */
	WEBSOCKET_MESSAGE,   /* one whole message */
	WEBSOCKET_CLOSED,    /* the server closes: send what is in `out`, then close */
	WEBSOCKET_BAD,       /* not upgraded, or not by the rules: see websocket.why */
};

enum websocket_opcode { WEBSOCKET_TEXT = 1, WEBSOCKET_BINARY = 2 };

struct websocket {
	int status;                    /* of the answer to the upgrade; 101 when OPEN */
	bool text;                     /* MESSAGE: text, not binary */
	int64_t message_bytes;         /* of the last message */
	uint16_t close_code;           /* CLOSED: 1005 when the server gave none (7.4) */
	const char *why;               /* what was wrong, static text */

	/* The rest is the parser's. */
	struct buf head;               /* of the server's answer; released when OPEN */
	struct buf *keep;
	uint64_t seed;                 /* of the masks */
	char key[25];                  /* Sec-WebSocket-Key */
	uint8_t state, opcode, message_opcode;   /* of the frame; of the message, 0: between two */
	bool fin, closing;             /* closing: our close is in `out` */
	uint8_t header_size, control_size;
	uint8_t header[10], control[WEBSOCKET_CONTROL_MAX];
	uint64_t left;                 /* of the frame's payload */
	struct websocket_utf8 {
		uint8_t missing, low, high;  /* of a character that has begun: bytes, range of the next */
	} utf8;
};

/* What to ask for. Host and path as in an HTTP request; `headers`: whole lines, each with CRLF, or
 * NULL. */
struct websocket_request {
	const char *host, *path, *headers;
};

/* Begin a connection: appends the request. `seed` makes the key and the masks: those protect
 * proxies from scripts (10.3), which a load generator does not run, so they may be known before.
 * The struct must be zeroed before its first use. `keep`, unless NULL, is the caller's and gets
 * each message as far as its cap allows. */
void websocket_start(struct websocket *p, const struct websocket_request *r, uint64_t seed,
    struct buf *keep, struct buf *out);

/* Appends pongs, and the answer to a close, to `out`. */
enum websocket_verdict websocket_feed(struct websocket *p, const void *bytes, size_t size,
    size_t *ret_used, struct buf *out);

/* Append a message in one frame. */
void websocket_send(struct websocket *p, enum websocket_opcode opcode, const void *bytes,
    size_t size, struct buf *out);
void websocket_close(struct websocket *p, uint16_t code, struct buf *out);

void websocket_done(struct websocket *p);   /* releases memory; the struct is as zeroed */

/* SPDX-License-Identifier: MIT */
/* The opening handshake of a WebSocket (RFC 6455, 4.1): only for websocket.c. */
#pragma once

#include "net/websocket.h"

/* Append the request; its key is made of `random`. */
void websocket_open_request(struct websocket *p, const struct websocket_request *r,
    const uint8_t random[16], struct buf *out);

/* Take bytes of the answer up to its end: OPEN, MORE or BAD. */
enum websocket_verdict websocket_open_feed(struct websocket *p, const char *bytes, size_t size,
    size_t *ret_used);

/* SPDX-License-Identifier: MIT */
/* A thread that answers those who look after the gate: HTTP/1.1, one request a connection, one after the
 * other, and never in the way of a worker. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "net/http1_request.h"

#define SIDE_BODY_MAX ((size_t)64 << 10)

struct side_server;

/* Writes the whole answer; from the server's thread. `body`: at most SIDE_BODY_MAX. */
typedef void side_answer_fn(void *ctx, const struct http1_request *r, struct text body, struct buf *out);

/* `listener`, which does not block, stays the caller's. `what` names it in errors. */
int side_server_start(int listener, side_answer_fn *answer, void *ctx, const char *what,
    struct side_server **ret, struct err *e);
/* It ends by itself after who is being answered now. */
void side_server_end(struct side_server *s);
/* When this returns nobody is being answered any more. Accepts NULL. */
void side_server_stop(struct side_server *s);

/* SPDX-License-Identifier: MIT */
/* Answers Prometheus: a thread that serves GET /metrics at an address of its own, one request after the other. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct metrics_server;

/* `write` is called by the thread; `listener` stays the caller's. */
int metrics_server_open(int listener, void (*write)(void *ctx, struct buf *out), void *ctx,
    struct metrics_server **ret, struct err *e);
void metrics_server_close(struct metrics_server *s);   /* accepts NULL */

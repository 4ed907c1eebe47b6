/* SPDX-License-Identifier: MIT */
/* An engine moves bytes: it connects, sends, receives and waits, and knows no protocol.
 *
 * Connections are small numbers that the caller gives out. The engine tells what happened through
 * the sink, only from inside wait(); the sink's functions may call connect, send and drop. One
 * engine belongs to one thread at a time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

struct engine;

struct engine_sink {
	void *ctx;
	void (*connected)(void *ctx, uint32_t conn);
	void (*received)(void *ctx, uint32_t conn, const char *bytes, size_t size);
	/* The connection is gone and its number free: 0 the peer ended the stream, else an errno. */
	void (*broken)(void *ctx, uint32_t conn, int code);
};

struct engine_ops {
	const char *name;
	/* Connections 0 .. max_conns - 1. Returns 0 or -errno. */
	int (*open)(uint32_t max_conns, const struct engine_sink *sink, struct engine **ret);
	/* Begin a connection: ends in connected() or broken(). -errno when it cannot even begin. */
	int (*connect)(struct engine *g, uint32_t conn, const struct addr *to);
	/* Send all of it; the bytes must stay until an answer has come. -errno: drop the connection. */
	int (*send)(struct engine *g, uint32_t conn, const void *bytes, size_t size);
	/* Close without a word to the sink. */
	void (*drop)(struct engine *g, uint32_t conn);
	/* Sleep until something happens or it is `until_ns`, and deliver what has happened. Never
	 * spins; a time in the past delivers what is there and returns. */
	void (*wait)(struct engine *g, int64_t until_ns);
	void (*close)(struct engine *g);
};

extern const struct engine_ops engine_epoll;

/* SPDX-License-Identifier: MIT */
/* An engine moves bytes: it connects, sends, receives and waits, and knows no protocol.
 *
 * Connections are small numbers that the caller gives out. The engine tells what happened through
 * the sink, only from inside wait(); the sink's functions may call connect, send and drop. One
 * engine belongs to one thread at a time: it is opened and closed by the control thread, and
 * everything else is called by the worker's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

struct engine;

struct engine_sink {
	void *ctx;
	void (*connected)(void *ctx, uint32_t conn);
	/* `seen_ns`: when the engine saw the bytes, or all that it saw together (CLOCK_MONOTONIC).
	 * `at_ns`: when the kernel received them; where it does not tell, seen_ns. Never later than that. */
	void (*received)(void *ctx, uint32_t conn, const char *bytes, size_t size, int64_t at_ns,
	    int64_t seen_ns);
	/* The connection is gone and its number free: 0 the peer ended the stream, else an errno. */
	void (*broken)(void *ctx, uint32_t conn, int code);
};

/* How to wait. */
struct engine_wait {
	int64_t until_ns;    /* absolute; a time in the past delivers what is there and returns */
	uint32_t batch;      /* worth waking for: so many events, or fewer after patience_ns; 1: each */
	int64_t patience_ns;
};

struct engine_ops {
	const char *name;
	/* Connections 0 .. max_conns - 1. Returns 0 or -errno; -ENOSYS, -EPERM or -EINVAL where this
	 * kernel or sandbox does not have what the engine needs. */
	int (*open)(uint32_t max_conns, const struct engine_sink *sink, struct engine **ret);
	/* Begin a connection: ends in connected() or broken(). -errno when it cannot even begin. */
	int (*connect)(struct engine *g, uint32_t conn, const struct addr *to);
	/* Send all of it, after what was given before. `lasting`: the bytes stay as they are until the
	 * connection is gone or an answer to them has come; else they are copied before this returns.
	 * -errno: the caller drops the connection. What goes wrong later comes as broken(). */
	int (*send)(struct engine *g, uint32_t conn, const void *bytes, size_t size, bool lasting);
	/* The own address of a connection. Also by another thread, when the owner has ended; -errno. */
	int (*local)(const struct engine *g, uint32_t conn, struct addr *ret);
	/* Close without a word to the sink. */
	void (*drop)(struct engine *g, uint32_t conn);
	/* Sleep until something happens or it is time, and deliver what has happened. Never spins. */
	void (*wait)(struct engine *g, const struct engine_wait *how);
	void (*close)(struct engine *g);   /* accepts NULL */
};

/* Most efficient first; the first that opens is used. */
extern const struct engine_ops engine_uring;
extern const struct engine_ops engine_epoll;

/* The first engine that opens here for so many connections, or the one named ("io_uring", "epoll";
 * NULL: any). -EINVAL for an unknown name, else what the last one failed with. */
int engine_choose(const char *name, uint32_t max_conns, const struct engine_ops **ret);

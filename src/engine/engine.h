/* SPDX-License-Identifier: MIT */
/* An engine moves bytes: it connects, accepts, sends, receives and waits, and knows no protocol.
 *
 * Connections are small numbers that the caller gives out. The engine tells what happened through
 * the sink, only from inside wait(); the sink's functions may call everything but wait and close.
 * One engine belongs to one thread at a time: it is opened and closed by the control thread, and
 * everything else but wake is called by the worker's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "net/addr.h"

#define ENGINE_LISTENERS 16
#define ENGINE_PIECES    8
#define ENGINE_NONE      UINT32_MAX

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

	/* What a server needs; each may be NULL. */
	/* Somebody connected to a listening socket: the number of the connection, which is made then, or
	 * ENGINE_NONE: it is closed. */
	uint32_t (*accepted)(void *ctx, uint32_t listener);
	/* Nobody can be accepted for want of `code`, EMFILE or another: who connects waits, and is tried again soon. */
	void (*starved)(void *ctx, int code);
	/* The socket has taken all that waited (also where nobody had been told that something does). */
	void (*sent)(void *ctx, uint32_t conn);
	/* The peer sends no more. True: the connection stays for what is still to be sent; NULL or false:
	 * it is broken with 0. */
	bool (*ended)(void *ctx, uint32_t conn);
	/* After wake(): once for all that were called meanwhile. */
	void (*woken)(void *ctx);
	/* Before and after wait() sleeps; nothing else is called meanwhile. */
	void (*sleeps)(void *ctx, bool asleep);
	bool unstamped;   /* received() needs no at_ns: it is seen_ns, and receiving is cheaper */
};

/* A part of what is sent at once. `lasting`: as in send. */
struct engine_piece {
	const void *bytes;
	size_t size;
	bool lasting;
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
	/* Send pieces, at most ENGINE_PIECES, in one go. Returns how many bytes wait for the socket: with 0
	 * lasting ones are needed no longer, else until sent() or the connection's end. -errno as send. */
	ssize_t (*gather)(struct engine *g, uint32_t conn, const struct engine_piece *pieces, uint32_t n);
	/* Nothing more will be sent: the peer is told after what was given before. */
	void (*finish)(struct engine *g, uint32_t conn);
	/* Receive no more for now, so that the peer has to wait; what is under way still comes. */
	void (*hold)(struct engine *g, uint32_t conn, bool held);
	/* Take connections from a non-blocking listening socket, which stays the caller's; `fd` -1: no more.
	 * Listeners have numbers below ENGINE_LISTENERS. -errno. */
	int (*listen)(struct engine *g, uint32_t listener, int fd);
	/* Make wait() return soon and call woken(); any thread, as long as the engine is open. */
	void (*wake)(struct engine *g);
	/* The peer's address of a connection; -errno. */
	int (*peer)(const struct engine *g, uint32_t conn, struct addr *ret);
	/* The own address of a connection. Also by another thread, when the owner has ended; -errno. */
	int (*local)(const struct engine *g, uint32_t conn, struct addr *ret);
	/* Close without a word to the sink. What was given last may not reach the peer: finish() first. */
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

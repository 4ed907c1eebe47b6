/* SPDX-License-Identifier: MIT */
/* A protocol: how requests become bytes on a connection, and what of the bytes that come back is an
 * answer to which.
 *
 * Each connection has `state_bytes` of state, zeroed when the worker opens (wire_state). All
 * functions are called in the worker's thread. Requests that are under way on a connection are its
 * busy slots; which of them an answer belongs to, the protocol knows: the only one, the oldest, or
 * that with a number. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct program;
struct worker;

/* An answer, as far as all protocols have one. */
struct reply {
	int status;                /* of HTTP; 0: the protocol has none */
	bool failed;               /* it says that the request failed */
	bool keep;                 /* the connection may carry another request */
	int64_t body_bytes;
	const char *content_type, *content_encoding;   /* NULL: not said */
	const char *why;           /* of `failed`, in words; may be NULL */
};

struct protocol {
	const char *name;
	size_t state_bytes;
	size_t slot_bytes;         /* of state for each slot, zeroed (wire_slot_state) */
	size_t route_bytes;        /* of state for each worker and route, zeroed (wire_route_state) */
	size_t worker_bytes;       /* of state for each worker, zeroed (worker.own) */
	const char *alpn;          /* what TLS has to agree on; NULL: nothing */
	bool keeps;                /* its captures are what is hashed of answers; else it feeds digests */
	uint32_t most_at_once;     /* requests on one connection; 1: one after another */
	uint32_t usually_at_once;  /* when the user says nothing */

	/* The connection is there. 0: requests may go; 1: wire_ready() tells; -errno: it is useless. */
	int (*open)(struct worker *w, uint32_t conn);
	/* Send the request of the slot. 0 or -errno: the connection is useless. */
	int (*send)(struct worker *w, uint32_t conn, uint32_t slot);
	/* Requests may gather in `send` and be written here, before the worker waits: wire_gather().
	 * May be NULL. */
	int (*flush)(struct worker *w, uint32_t conn);
	/* Bytes have come. NULL, or what is wrong with them, in words: the connection is useless. */
	const char *(*feed)(struct worker *w, uint32_t conn, const char *bytes, size_t size,
	    int64_t at_ns);
	/* The peer has ended the stream: end the requests that this completes. May be NULL. */
	void (*end)(struct worker *w, uint32_t conn, int64_t at_ns);
	/* Give up the request of the slot; true: the connection can go on. NULL: it never can. */
	bool (*cancel)(struct worker *w, uint32_t conn, uint32_t slot);
	/* The connection is closed: ready for the next. */
	void (*closed)(struct worker *w, uint32_t conn);
	/* Release what the state holds, for good. May be NULL. */
	void (*done)(struct worker *w, uint32_t conn);
	void (*worker_done)(struct worker *w);
};

extern const struct protocol protocol_http1, protocol_http2, protocol_postgres, protocol_redis,
    protocol_websocket;

/* SPDX-License-Identifier: MIT */
/* An HTTP/2 server connection (RFC 9113) over nghttp2: bytes in, bytes out. Knows no sockets and no clock.
 *
 * A request is told as the head of HTTP/1.1 that says the same, so that there is one reader of heads
 * (http1_request.h) and nothing passes here that it refuses: pseudo fields become the request line and Host, crumbs
 * of Cookie are joined. What RFC 9113 has as malformed (sections 8.1.1, 8.2 and 8.3) never gets that far: its stream
 * is reset.
 *
 * The memory of streams is the owner's: sink.opened gives it, sink.closed gives it back, each once. What a peer can
 * make us keep is bounded: streams at once, bytes of a head, bytes of bodies that nobody has consumed (the windows),
 * and frames that cost it nothing (http2_watch.h).
 *
 * Functions of the sink are called from inside feed, flush and nowhere else. They may call everything but feed,
 * flush and close. One connection belongs to one thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "net/field.h"
#include "net/http2_pool.h"
#include "net/http2_watch.h"

#define HTTP2_SERVER_STREAM_WINDOW     ((int32_t)256 << 10)
#define HTTP2_SERVER_CONNECTION_WINDOW ((int32_t)1 << 20)
#define HTTP2_PREFACE                  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

/* A stream; part of what the owner keeps of it, and this module's. */
struct http2_inbound {
	int32_t id;
	bool bad;               /* malformed: it is reset where its head ends */
	bool told;              /* to the owner */
	bool waits;             /* for more of the answer */
	bool reset;             /* by us: what still comes is not looked at */
};

struct http2_server;

struct http2_server_sink {
	void *ctx;
	/* Somebody asks: memory for the stream, or NULL: it is refused. */
	struct http2_inbound *(*opened)(void *ctx);
	/* Its head, good during the call; empty: longer than allowed. `ended`: without a body. */
	void (*request)(void *ctx, struct http2_inbound *s, struct text head, bool ended);
	/* Bytes of the body, which count against the windows until they are consumed; good during the call. */
	void (*body)(void *ctx, struct http2_inbound *s, const char *bytes, size_t size);
	void (*body_ended)(void *ctx, struct http2_inbound *s);
	/* How many bytes of the answer's body are there; *ret_last: and none will follow. */
	size_t (*ready)(void *ctx, struct http2_inbound *s, bool *ret_last);
	/* Put the next `size` of them into `out`. */
	void (*take)(void *ctx, struct http2_inbound *s, size_t size, struct buf *out);
	/* It is over, whoever ended it, and its memory the owner's again. */
	void (*closed)(void *ctx, struct http2_inbound *s);
};

/* The parts of a request's head as they come. */
struct http2_head {
	struct buf parts, fields, cookie, text;
	struct { size_t at, size; bool set; } part[4];
	bool has_length;
	size_t bytes;           /* as RFC 9113, section 6.5.2 counts them */
};

struct http2_server_limits {
	uint32_t streams;       /* at once */
	size_t head_bytes;      /* of a request: names, values and 32 a field (RFC 9113, section 6.5.2) */
};

struct http2_server {
	bool dead;              /* nothing more is read or sent */
	bool more;              /* to be sent than the last flush put out: flush again */
	bool away;              /* no more streams are taken */
	uint32_t n_open;
	const char *why;        /* dead: static text */

	/* The rest is this module's. */
	nghttp2_session *session;
	const struct http2_server_sink *sink;
	struct http2_server_limits limits;
	struct buf *out;        /* during a flush */
	size_t out_most;
	struct http2_head head; /* that is being read; there is never more than one */
	struct http2_watch watch;
};

/* Begin: settings go out with the next flush. `h` must not move until it is closed; sink and pool (one for all
 * connections of a thread) outlive it. -ENOMEM. */
int http2_server_open(struct http2_server *h, const struct http2_server_sink *sink,
    const struct http2_server_limits *limits, struct http2_pool *pool, int64_t now_ns);
/* Release memory, after sink.closed of each stream. Safe on a zeroed struct. */
void http2_server_close(struct http2_server *h);

/* Bytes from the peer; `now_ns`: any clock that goes on. False: it is dead; flush what it is told about that. */
bool http2_server_feed(struct http2_server *h, const void *bytes, size_t size, int64_t now_ns);
/* Append what is to be sent, at most about `most` bytes. False: it is dead. */
bool http2_server_flush(struct http2_server *h, size_t most, struct buf *out);

/* ---- streams ---- */
/* The head of an answer, as HTTP/1.1 has it; what belongs to connections is left out. Interim ones before the final
 * one; `ended`: there is no body. -EINVAL when it is no head, -ENOMEM. */
int http2_server_answer(struct http2_server *h, struct http2_inbound *s, struct text head, bool ended);
/* There is more of the body, or its end is known now. */
void http2_server_ready(struct http2_server *h, struct http2_inbound *s);
void http2_server_consumed(struct http2_server *h, struct http2_inbound *s, size_t size);
/* Break it off. */
void http2_server_reset(struct http2_server *h, struct http2_inbound *s, uint32_t code);

/* ---- the end ---- */
/* Ask the peer to open no more streams; those on their way are served yet. */
void http2_server_notice(struct http2_server *h);
/* Streams that were not told until now are not served any more. */
void http2_server_goaway(struct http2_server *h);

/* Do these first bytes of a connection begin as HTTP/2 does? 1 yes, 0 as far as they go, -1 no. */
int http2_preface_is(const char *bytes, size_t size);

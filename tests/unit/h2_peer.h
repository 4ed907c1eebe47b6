/* SPDX-License-Identifier: MIT */
/* The client of HTTP/2 against nghttp2's server, in memory. What the server does follows from the path. */
#pragma once

#include "net/http2.h"

#define STREAMS_MAX 200

struct side {
	struct http2 h;
	struct http2_pool pool;
	struct buf to_server, to_client;
	nghttp2_session *server;
	struct arena *arena;
	size_t piece;                    /* so many bytes at once to the client */
	int requests;                    /* seen by the server */
	int64_t posted;                  /* bytes of request bodies seen by the server */
	const char *answer;              /* to all paths instead of themselves; NULL */
	char path[4096][32];             /* by stream number, at the server */
	struct http2_stream streams[STREAMS_MAX];
	int heads, ends[HTTP2_LOST + 1], again;
	struct buf body, fields;
};

/* The server allows so many streams. */
struct side *side_open(uint32_t max_streams);
void side_close(struct side *s);

/* A request as stream i, with a body of so many bytes; how it ended is counted. */
void request(struct side *s, int i, const char *method, const char *path, size_t body);
/* The server answers a stream that it held ("/hold"). */
void answer_held(struct side *s, int32_t id);

/* Bytes to the client, in pieces. */
void feed(struct side *s, const char *bytes, size_t size);
/* What waits for the server goes there; its answers wait for the client. */
void server_step(struct side *s);
/* Carry bytes to and fro until nobody has any. */
void run(struct side *s);

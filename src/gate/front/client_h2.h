/* SPDX-License-Identifier: MIT */
/* A stream of HTTP/2 as a client: its request, and the answer on its way into frames. */
#pragma once

#include "gate/front/front.h"
#include "net/http2_server.h"

/* What a connection is given time for. */
enum h2_waits {
	H2_NOTHING,
	H2_SENT,               /* the socket to take something */
	H2_HEAD,               /* the rest of a head */
	H2_NOTICE,             /* requests on their way after the word that the end is near */
	H2_WINDOW,             /* room for answers that are complete */
	H2_REQUEST,            /* the next one */
};

/* The connection, of front_h2. */
struct h2 {
	struct grave grave;
	struct front *front;
	struct http2_server server;
	struct http2_server_sink sink;
	struct h2_stream *streams;
	struct h2 *next_dirty;
	bool dirty;            /* there is something to be sent, in the worker's list */
	bool gone;
	bool ending;           /* told that no more comes: what it still says is not looked at */
	bool noticed, going;   /* told that no more streams are welcome, are taken */
	enum h2_waits waits;
	uint32_t n_answered;   /* streams that are open for what is still to be sent alone */
	bool progressed;       /* some of that was */
	ssize_t unsent;        /* with the engine */
};

/* There is something to be sent: at the end of the turn. */
void h2_mark(struct h2 *h);

/* What the connection hears is of its streams. */
struct http2_server_sink h2_sink(struct h2 *h);

/* Nobody works for them any more; and they are gone. */
void h2_leave_all(struct h2 *h);
void h2_bury_all(struct h2 *h);

void h2_stream_due(struct timer *t);

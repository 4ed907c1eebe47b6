/* SPDX-License-Identifier: MIT */
/* streams: requests over HTTP/2 that the service answers, and those that it makes itself, out of the
 * frames that the collector copied.
 *
 * A stream is a request (RFC 9113, 5.1): its first header block gives the route, everything behind
 * it is of that request. Header blocks are packed with what earlier ones of the connection held
 * (RFC 7541); where those were not seen, because the connection is older than the window, what is
 * looked up there is unknown, and with it at worst the route. Of headers only the method, the route and
 * the status are kept.
 * Memory is bounded whatever clients send. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "trace/event.h"

struct streams;

struct streams *streams_new(void);
void streams_free(struct streams *s);      /* accepts NULL */

/* A window begins: what connections said meanwhile was not seen. */
void streams_window(struct streams *s);

/* Of the service's own connections: a request, more of it, its answer. Of those to its peers also that the
 * answer has ended; what was asked before the window is not told. */
enum stream_part { STREAM_REQUEST, STREAM_BODY, STREAM_ANSWER, STREAM_END };

struct stream_told {
	enum stream_part part;
	uint64_t key;              /* a connection's for each stream */
	const char *method, *path; /* of STREAM_REQUEST: empty when not known; the path with its query */
	uint16_t status;           /* of STREAM_END, 0 not known; of a gRPC answer what its code means in HTTP */
};
typedef void (*stream_fn)(void *ctx, const struct stream_told *told);

/* The frames of one call, as EV_IO_FRAMES describes them: `fn` for each request, and else once for
 * each stream. e->begun bytes of the text are there. */
void streams_take(struct streams *s, const struct ev_io *e, stream_fn fn, void *ctx);

/* SPDX-License-Identifier: MIT */
/* streams: requests over HTTP/2 that the service answers, out of the frames that the collector
 * copied.
 *
 * A stream is a request (RFC 9113, 5.1): its first header block gives the route, everything behind
 * it is of that request. Header blocks are packed with what earlier ones of the connection held
 * (RFC 7541); where those were not seen, because the connection is older than the window, what is
 * looked up there is unknown, and with it at worst the route. Of headers only the route is kept.
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

enum stream_part { STREAM_REQUEST, STREAM_BODY, STREAM_ANSWER };

/* `key` is a connection's for each stream. `path` with its query, of STREAM_REQUEST: empty when it
 * is not known. */
typedef void (*stream_fn)(void *ctx, enum stream_part part, uint64_t key, const char *path);

/* The frames of one call, as EV_IO_FRAMES describes them: `fn` for each request, and else once for
 * each stream. e->begun bytes of the text are there. */
void streams_take(struct streams *s, const struct ev_io *e, stream_fn fn, void *ctx);

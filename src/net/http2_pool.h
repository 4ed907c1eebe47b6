/* SPDX-License-Identifier: MIT */
/* Memory of the HTTP/2 connections of one thread.
 *
 * nghttp2 takes and gives back about ten small blocks a request, always of the same few sizes: a
 * list of free blocks for each size is a tenth of a request's cost cheaper than malloc. Blocks are
 * kept for the next connection until the pool is done; there are never more than were in use at
 * once. One thread. */
#pragma once

#include <stddef.h>

#include <nghttp2/nghttp2.h>

#define HTTP2_POOL_STEP    32u       /* bytes between two sizes */
#define HTTP2_POOL_CLASSES 32u       /* larger blocks than 1 KiB come from malloc */

struct http2_pool {
	union http2_block *free[HTTP2_POOL_CLASSES + 1];
};

/* Functions for nghttp2 that use the pool: it must be zeroed at first and outlive the sessions. */
nghttp2_mem http2_pool_mem(struct http2_pool *p);

/* Release all memory; after the last connection. Safe on a zeroed pool. */
void http2_pool_done(struct http2_pool *p);

/* For CLEANUP, of who makes a session. */
static inline void
http2_callbacks_free_p(nghttp2_session_callbacks **calls)
{
	nghttp2_session_callbacks_del(*calls);
}

static inline void
http2_option_free_p(nghttp2_option **option)
{
	nghttp2_option_del(*option);
}

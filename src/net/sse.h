/* SPDX-License-Identifier: MIT */
/* Server-sent events: bytes of a body in, one event out at a time. Knows no sockets.
 *
 * After the WHATWG HTML standard, "Server-sent events", 9.2.6: LF, CR and CRLF end a line, a byte
 * order mark in front is skipped, lines of data are joined, comments are only counted. `id` and
 * `retry` serve to connect again, which prony does not, and are skipped. Any bytes are a stream;
 * nothing is refused. An event that is not ended by an empty line is none. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define SSE_DATA_MAX ((size_t)64 << 10)   /* of one event; what is longer is cut */
#define SSE_TYPE_MAX 63

enum sse_verdict {
	SSE_MORE,      /* all bytes taken */
	SSE_EVENT,     /* an event: sse.data and sse.type hold it until the next feed */
};

struct sse {
	struct buf data;               /* truncated: the event was longer */
	char type[SSE_TYPE_MAX + 1];   /* "" is "message"; cut when longer */
	int64_t comments;              /* lines so far: mostly a sign of life */

	/* The rest is the parser's. */
	uint8_t state, field, name_size, type_size, mark_size;
	char name[6];                  /* of the field, as far as it matters */
	bool has_data, after_return, given;
};

/* Get ready for a stream. The struct must be zeroed before its first use. */
void sse_start(struct sse *p);
enum sse_verdict sse_feed(struct sse *p, const void *bytes, size_t size, size_t *ret_used);
void sse_done(struct sse *p);   /* releases memory; the struct is as zeroed */

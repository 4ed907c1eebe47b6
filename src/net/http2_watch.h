/* SPDX-License-Identifier: MIT */
/* What the heads of a client's frames alone tell a server, and nghttp2 does not look at: floods of frames that cost
 * nothing to send (a budget that time refills; CVE-2023-44487, CVE-2019-9512 and its like), heads without end
 * (CVE-2024-28182), and frames for streams that the client has ended itself or left out (RFC 9113, sections 5.1 and
 * 5.1.1). Pure; any split of the bytes gives the same. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP2_CONTINUATIONS_MAX 16   /* of one head */

struct http2_watch {
	uint8_t head[9];        /* of a frame, as far as it has come */
	uint8_t n;
	uint8_t continuations;  /* of the head that is coming */
	bool in_head;           /* of a message: what may come now is nghttp2's to see */
	uint32_t skip;          /* bytes before the next head */
	/* The latest streams, bit k for last_id - 2k: opened, and ended by the client's own word. */
	int32_t last_id;
	uint64_t opened, finished;
	int64_t budget, filled_ns;
};

/* From the preface on. */
void http2_watch_start(struct http2_watch *w, int64_t now_ns);
/* Has the head of a message begun that is not all there? */
bool http2_watch_awaits_head(const struct http2_watch *w);

/* 0, or the error code that the connection is to end with (RFC 9113, section 7); *ret_good bytes come before the
 * frame that is at fault. */
uint32_t http2_watch_feed(struct http2_watch *w, const void *bytes, size_t size, int64_t now_ns, size_t *ret_good);

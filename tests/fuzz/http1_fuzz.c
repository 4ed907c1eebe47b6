/* SPDX-License-Identifier: MIT */
/* Any bytes as an HTTP response: no crash, bounded memory, and the same verdict whether they come
 * at once or one by one. */
#include <stdlib.h>
#include <string.h>

#include "net/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum http1_verdict
feed(struct http1 *p, const uint8_t *data, size_t size, size_t piece, size_t *ret_used)
{
	enum http1_verdict v = HTTP1_MORE;
	size_t used;

	http1_start(p, false);
	for (*ret_used = 0; v == HTTP1_MORE && *ret_used < size; *ret_used += used) {
		size_t n = size - *ret_used < piece ? size - *ret_used : piece;
		v = http1_feed(p, data + *ret_used, n, &used);
		if (used > n || p->line.allocated > 4 * HTTP1_LINE_MAX)
			abort();
	}
	return v;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http1 whole = { 0 }, pieces = { 0 };
	size_t used_whole, used_pieces;

	enum http1_verdict a = feed(&whole, data, size, size ? size : 1, &used_whole);
	enum http1_verdict b = feed(&pieces, data, size, 1, &used_pieces);
	bool same = a == b && (a != HTTP1_DONE || (used_whole == used_pieces &&
	    whole.status == pieces.status && whole.body_bytes == pieces.body_bytes &&
	    whole.keep_alive == pieces.keep_alive));
	/* Only a line without an end may be refused earlier when its beginning is seen at once. */
	if (!same && !(a == HTTP1_BAD || b == HTTP1_BAD))
		abort();
	http1_done(&whole);
	http1_done(&pieces);
	return 0;
}

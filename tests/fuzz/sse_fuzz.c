/* SPDX-License-Identifier: MIT */
/* Any bytes as a stream of events, each read as a chunk of a model's answer: no crash, bounded memory,
 * and the same events and figures whether the bytes come at once or one by one. */
#include <stdlib.h>
#include <string.h>

#include "net/openai.h"
#include "net/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
run(const uint8_t *data, size_t size, size_t piece, struct buf *seen)
{
	struct sse p = { 0 };
	struct openai o = { 0 };
	size_t used;
	bool estimated;

	sse_start(&p);
	for (size_t at = 0; at < size; at += used) {
		size_t n = size - at < piece ? size - at : piece;
		enum sse_verdict v = sse_feed(&p, data + at, n, &used);
		if (used > n || (v == SSE_MORE && used < n) || p.data.allocated > 4 * SSE_DATA_MAX)
			abort();
		if (v == SSE_MORE)
			continue;
		enum openai_verdict meaning = openai_event(&o, buf_text(&p.data), p.data.size);
		buf_printf(seen, "%zu %s %d: ", at + used, p.type, meaning);
		buf_append(seen, buf_text(&p.data), p.data.size);
	}
	buf_printf(seen, "%lld %lld %s", (long long)p.comments, (long long)openai_tokens(&o, &estimated),
	    o.error);
	sse_done(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, pieces = { 0 };

	run(data, size, size ? size : 1, &whole);
	run(data, size, 1, &pieces);
	if (whole.size != pieces.size || memcmp(whole.data, pieces.data, whole.size) != 0)
		abort();
	buf_done(&whole);
	buf_done(&pieces);
	return 0;
}

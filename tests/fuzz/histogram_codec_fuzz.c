/* SPDX-License-Identifier: MIT */
/* Any bytes as a histogram: none, or one that is written back as the same histogram. */
#include <stdlib.h>
#include <string.h>

#include "stats/histogram_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct code_reader r = { .at = data, .end = data + size };
	struct histogram h, again;
	struct buf first = { 0 }, second = { 0 };

	histogram_decode(&r, &h);
	if (r.bad && (h.count || r.at > r.end))
		abort();
	histogram_encode(&h, &first);
	r = (struct code_reader){ .at = (unsigned char *)first.data,
		.end = (unsigned char *)first.data + first.size };
	histogram_decode(&r, &again);
	histogram_encode(&again, &second);
	if (r.bad || r.at != r.end || first.size != second.size ||
	    memcmp(first.data, second.data, first.size) != 0)
		abort();
	histogram_done(&h);
	histogram_done(&again);
	buf_done(&first);
	buf_done(&second);
	return 0;
}

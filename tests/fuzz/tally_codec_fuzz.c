/* SPDX-License-Identifier: MIT */
/* Any bytes as a worker's message: nothing, or a tally that is written back as the same tally. */
#include <stdlib.h>
#include <string.h>

#include "fleet/crew.h"
#include "fleet/order.h"
#include "load/tally_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tally *t = tally_decode(data, size, 2);
	struct last_words w;
	struct order o;
	struct buf first = { 0 }, second = { 0 };

	last_words_decode(data, size, &w);
	order_decode(data, size, &o);
	if (!t)
		return 0;
	tally_encode(t, &first);
	struct tally *again = tally_decode(first.data, first.size, 2);
	if (!again)
		abort();
	tally_encode(again, &second);
	if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
		abort();
	tally_free(t);
	tally_free(again);
	buf_done(&first);
	buf_done(&second);
	return 0;
}

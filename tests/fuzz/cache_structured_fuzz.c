/* SPDX-License-Identifier: MIT */
/* Any bytes as a dictionary: an end, and views that lie in the bytes. */
#include "cache/structured.h"
#include "cache_fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *from = (const char *)data, *end = from + size;
	struct sf_reader r = { from, end };
	struct sf_member m;
	int more;

	while ((more = sf_next_member(&r, &m)) > 0) {
		require(m.key.size > 0 && m.key.at >= from && m.key.at + m.key.size <= r.at && r.at <= end);
		require(!m.text.at || (m.text.at >= from && m.text.at + m.text.size <= end));
		require(m.number > -INT64_C(1000000000000000) && m.number < INT64_C(1000000000000000));
	}
	require(more < 0 || r.at == end);
	return 0;
}

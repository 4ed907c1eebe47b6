/* SPDX-License-Identifier: MIT */
/* Any bytes as entries of the stream of purges: no crash, and ids that there is room for. */
#include <stdlib.h>

#include "gate/level2/l2_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct resp_walk w;
	struct resp_value list;
	struct l2_entry e;
	uint64_t ms, number;

	resp_walk_start(&w, (struct text){ (const char *)data, size });
	if (!resp_walk_next(&w, &list))
		return 0;
	while (l2_entry_read(&w, &e))
		if (e.id.size >= L2_ENTRY_ID_MAX || !l2_entry_read_id(e.id, &ms, &number) || ms != e.ms ||
		    number != e.number)
			abort();
	return 0;
}

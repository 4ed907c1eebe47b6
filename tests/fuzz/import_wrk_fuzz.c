/* SPDX-License-Identifier: MIT */
/* Scripts in Lua. */
#include "import_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	import_bytes("wrk", data, size);
	return 0;
}

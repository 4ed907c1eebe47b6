/* SPDX-License-Identifier: MIT */
/* Scripts in JavaScript. */
#include "import_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	import_bytes("k6", data, size);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Command lines. */
#include "import_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	import_bytes("curl", data, size);
	return 0;
}

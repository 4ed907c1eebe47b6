/* SPDX-License-Identifier: MIT */
/* Recordings. */
#include "import_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	import_bytes("har", data, size);
	return 0;
}

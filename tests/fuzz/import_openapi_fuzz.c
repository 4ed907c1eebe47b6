/* SPDX-License-Identifier: MIT */
/* API descriptions, in JSON and YAML. */
#include "import_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	import_bytes("openapi", data, size);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Any machine code as the beginning of SQLite's functions: refused or within bounds. */
#include "trace/sqlite_probe.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *code = malloc(size ? size : 1);
	uint64_t offset;
	size_t skip;
	if (!code)
		abort();
	memcpy(code, data, size);
	if (!sqlite_text_field(code, size, &offset) && offset > 4096)
		abort();
	if (!sqlite_probe_point(code, size, &skip) && skip >= size)
		abort();
	free(code);
	return 0;
}

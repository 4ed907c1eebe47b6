/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>

#include "trace/python_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t at = 0; at < 4096; at += 62)
		python_line(data, size, 1, at);
	return 0;
}

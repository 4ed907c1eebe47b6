/* SPDX-License-Identifier: MIT */
/* The file of counters of a Java machine. */
#include <stddef.h>
#include <stdint.h>

#include "trace/hsperf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	hsperf_number(data, size, hsperf_find(data, size, "sun.gc.collector.0.time"));
	return 0;
}

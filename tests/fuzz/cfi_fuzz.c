/* SPDX-License-Identifier: MIT */
/* .eh_frame alone, found by scanning: first byte says where in it the address wanted lies. */
#include <stddef.h>
#include <stdint.h>

#include "symbol/cfi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cfi c;
	struct cfi_row row;
	uint64_t start;
	if (size < 1)
		return 0;
	cfi_init(&c, data + 1, size - 1, 0x1000, NULL, 0, 0);
	cfi_find(&c, data[0], &row, &start);
	for (size_t i = 0; i < c.n_scanned && i < 64; i++)
		cfi_find(&c, c.scanned[i].start + data[0], &row, &start);
	cfi_done(&c);
	return 0;
}

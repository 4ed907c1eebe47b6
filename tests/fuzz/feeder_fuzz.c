/* SPDX-License-Identifier: MIT */
/* CSV from bytes: every value lies inside the block. */
#include <stdint.h>
#include <stdlib.h>

#include "scenario/feeder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_all(const struct feeder *f, size_t size)
{
	uint64_t bytes = 0;

	for (uint64_t row = 0; row < f->n_rows; row++)
		for (uint32_t i = 0; i < f->n_columns; i++)
			bytes += feeder_value(f, row, i).size;
	for (uint64_t i = 0; i < 16; i++)
		if (feeder_row(f, size, i) >= f->n_rows)
			abort();
	if (bytes > size)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct scenario_feeder from = { .name = "f", .file = "-", .exponent = 1.1,
		.order = (enum scenario_order)(size % 3) };
	struct err e = { 0 };
	struct feeder *f = NULL;
	struct arena *a = arena_new();
	struct buf csv = { 0 };

	buf_append(&csv, data, size);
	if (feeder_parse(&from, &csv, "fuzz.csv", a, &f, &e) == 0)
		read_all(f, size);
	else if (!e.text[0])
		abort();
	feeder_free(f);
	arena_free(a);
	return 0;
}

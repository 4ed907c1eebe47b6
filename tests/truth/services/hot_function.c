/* SPDX-License-Identifier: MIT */
/* Planted: checksum_rows takes nine tenths of the CPU; static callers, no frame pointers.
 * Truth: cpu.hot-function, checksum_rows. Under a CPU quota: cpu.throttled.
 * Usage: hot_function [repaired]; repaired, the rows' checksum is kept. */
#include <stdint.h>

#include "http.h"

enum { ROWS = 8000, COLUMNS = 256 };
static uint32_t rows[ROWS][COLUMNS];
static bool repaired;

static __attribute__((noinline)) uint32_t
checksum_rows(uint32_t seed)
{
	for (int r = 0; r < ROWS; r++)
		for (int c = 0; c < COLUMNS; c++)
			seed = (seed ^ rows[r][c]) * 16777619u;
	return seed;
}

static __attribute__((noinline)) uint32_t
render_footer(uint32_t seed)
{
	for (int i = 0; i < ROWS * COLUMNS / 12; i++)
		seed = seed * 1664525u + 1013904223u;
	return seed;
}

static __attribute__((noinline)) uint32_t
build_page(uint32_t seed)
{
	static uint32_t known;

	if (!repaired || !known)
		known = checksum_rows(seed);
	return known ^ render_footer(seed);
}

static const char *
answer(void)
{
	static _Thread_local char text[16];

	snprintf(text, sizeof(text), "%08x", build_page(1821));
	return text;
}

int
main(int argc, char **argv)
{
	(void)argv;
	repaired = argc > 1;
	return http_serve(answer, 64);
}

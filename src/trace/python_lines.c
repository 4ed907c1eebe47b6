/* SPDX-License-Identifier: MIT */
#include "trace/python_lines.h"

#include <stdbool.h>

struct reader { const uint8_t *at, *end; };

/* Six bits a byte, lowest first; bit 6 says that there is more. */
static uint32_t
read_varint(struct reader *r)
{
	uint32_t value = 0;
	for (unsigned shift = 0; r->at < r->end; shift += 6) {
		uint8_t byte = *r->at++;
		if (shift < 32)
			value |= (uint32_t)(byte & 63) << shift;
		if (!(byte & 64))
			break;
	}
	return value;
}

static int32_t
read_signed(struct reader *r)
{
	uint32_t value = read_varint(r);
	return value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

/* How far the line moves with an entry of this kind; the columns that follow are skipped by the
 * caller, since every entry's first byte has its top bit set and no other byte has. */
static int32_t
line_delta(unsigned kind, struct reader *r)
{
	enum { ONE_LINE = 10, NO_COLUMNS = 13, LONG = 14 };
	if (kind == LONG || kind == NO_COLUMNS)
		return read_signed(r);
	return kind >= ONE_LINE && kind < NO_COLUMNS ? (int32_t)(kind - ONE_LINE) : 0;
}

int
python_line(const uint8_t *table, size_t size, int first_line, size_t offset)
{
	enum { NO_LOCATION = 15, UNIT_BYTES = 2 };
	struct reader r = { table, table + size };
	uint32_t line = (uint32_t)first_line;
	size_t start = 0;

	while (r.at < r.end) {
		uint8_t head = *r.at++;
		unsigned kind = (head >> 3) & 15;
		size_t length = ((size_t)(head & 7) + 1) * UNIT_BYTES;
		line += (uint32_t)line_delta(kind, &r);
		if (offset < start + length)
			return kind == NO_LOCATION || (int)line <= 0 ? first_line : (int)line;
		start += length;
		while (r.at < r.end && !(*r.at & 0x80))
			r.at++;
	}
	return first_line;
}

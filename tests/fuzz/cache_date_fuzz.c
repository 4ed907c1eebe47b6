/* SPDX-License-Identifier: MIT */
/* Any bytes as a date: what is one is written as the same one. */
#include "cache/http_date.h"
#include "cache_fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[HTTP_DATE_SIZE];
	int64_t s, again;

	if (!http_date_read((struct text){ (const char *)data, size }, 1795000000, &s))
		return 0;
	http_date_write(s, text);
	require(http_date_read((struct text){ text, sizeof(text) }, 1795000000, &again));
	require(again == s || s == 253402300800);   /* a leap second at the end of time */
	return 0;
}

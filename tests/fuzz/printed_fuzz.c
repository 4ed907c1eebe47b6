/* SPDX-License-Identifier: MIT */
/* What a service printed, as errors show it: valid UTF-8 that a terminal does not obey, few lines, none
 * of them long. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "experiment/printed.h"

#define LINES 5
#define LINE_BYTES 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(int holds)
{
	if (!holds)
		abort();
}

static void
require_shown_well(const char *text)
{
	char again[4];
	size_t lines = 0;

	for (const char *s = text, *at = s; *s; at = s) {
		uint32_t c = utf8_next(&s);
		require(utf8_write(again, c) == (size_t)(s - at) && memcmp(again, at, (size_t)(s - at)) == 0);
		require(!utf8_is_unsafe(c) || c == '\n');
		if (c == '\n') {
			lines++;
			require(strncmp(s, "  | ", 4) == 0 && strcspn(s, "\n") <= LINE_BYTES);
		}
	}
	require(lines <= LINES && (!*text || *text == '\n'));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct buf out = { 0 };

	memcpy(text, data, size);
	text[size] = '\0';
	printed_show_text(text, size, &out);
	require_shown_well(buf_text(&out));
	buf_done(&out);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Any words as a command: the fingerprint ends inside its room and has no digit of a key. */
#include "base/fingerprint.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fingerprint_word words[3];
	char out[FINGERPRINT_COMMAND_MAX];
	const char *text = (const char *)data;
	size_t n = 0;
	while (n < 3 && size) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;
		words[n++] = (struct fingerprint_word){ text, length };
		text += length + (end != NULL);
		size -= length + (end != NULL);
	}
	fingerprint_command(words, n, out);
	if (strlen(out) >= sizeof(out) || strpbrk(out, "0123456789@"))
		abort();
	return 0;
}

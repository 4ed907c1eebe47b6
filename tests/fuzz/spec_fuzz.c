/* SPDX-License-Identifier: MIT */
/* prony.yaml from bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spec/spec_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct spec *s = spec_new();
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	if (spec_read_yaml(s, "fuzz.yaml", text, size, &e) < 0 && !e.text[0])
		abort();
	free(text);
	spec_free(s);
	return 0;
}

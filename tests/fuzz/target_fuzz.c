/* SPDX-License-Identifier: MIT */
/* The grammar of targets, from bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct spec *s = spec_new();
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	if (spec_target(s, text, &e) == 0)
		for (size_t i = 0; i < s->n_targets; i++)
			if (!(s->targets[i].limit >= 0) || s->targets[i].metric >= TARGET_METRICS)
				abort();
	free(text);
	spec_free(s);
	return 0;
}

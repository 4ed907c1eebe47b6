/* SPDX-License-Identifier: MIT */
/* The grammar of stages, from bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spec/stage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct arena *a = arena_new();
	struct stage *stages = NULL;
	size_t n = 0;
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	if (stages_parse(text, a, &stages, &n, &e) == 0) {
		for (size_t i = 0; i < n; i++)
			if (!(stages[i].from >= 0 && stages[i].to >= 0 && stages[i].for_ns > 0))
				abort();
	} else if (n || !e.text[0]) {
		abort();
	}
	free(text);
	arena_free(a);
	return 0;
}

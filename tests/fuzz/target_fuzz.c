/* SPDX-License-Identifier: MIT */
/* The grammar of targets and of conditions to stop, from bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct target *list, size_t n, bool stop)
{
	for (size_t i = 0; i < n; i++)
		if (!(list[i].limit >= 0) || list[i].metric >= TARGET_METRICS ||
		    (stop && (list[i].at_rate > 0 || list[i].metric == TARGET_COST)))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct spec *s = spec_new();
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	if (spec_target(s, text, &e) == 0)
		check(s->targets, s->n_targets, false);
	if (spec_stop_if(s, text, &e) == 0)
		check(s->stop_if, s->n_stop_if, true);
	free(text);
	spec_free(s);
	return 0;
}

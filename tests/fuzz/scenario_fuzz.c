/* SPDX-License-Identifier: MIT */
/* A scenario from bytes; what is taken is written and read back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_and_read(const struct scenario *s, struct arena *a)
{
	struct buf text = { 0 }, again = { 0 };
	struct scenario *back = NULL;
	struct err e = { 0 };

	scenario_write(s, &text);
	if (scenario_parse(buf_text(&text), text.size, "written.yaml", a, &back, &e) < 0)
		abort();
	scenario_write(back, &again);
	if (strcmp(buf_text(&text), buf_text(&again)) != 0)
		abort();
	buf_done(&text);
	buf_done(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	struct scenario *s = NULL;
	struct arena *a = arena_new();

	if (scenario_parse((const char *)data, size, "fuzz.yaml", a, &s, &e) == 0)
		write_and_read(s, a);
	else if (!e.text[0])
		abort();
	arena_free(a);
	return 0;
}

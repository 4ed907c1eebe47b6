/* SPDX-License-Identifier: MIT */
/* Bytes as one format: whatever they are, an error with words or a scenario that is one to who
 * reads scenarios. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "import/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_scenario(const struct scenario *s, struct arena *a)
{
	struct buf text = { 0 };
	struct scenario *again;
	struct err e = { 0 };

	scenario_write(s, &text);
	/* Scenarios have a largest size, so what is larger may be refused. */
	if (text.size < ((size_t)256 << 10) &&
	    scenario_parse(buf_text(&text), text.size, "fuzz.yaml", a, &again, &e) < 0) {
		fprintf(stderr, "%s\n%s\n", e.text, buf_text(&text));
		abort();
	}
	buf_done(&text);
}

static void
import_bytes(const char *format, const uint8_t *data, size_t size)
{
	struct import_options o = { .format = format, .all_methods = true, .workers = 1 };
	struct arena *a = arena_new();
	struct import_result r;
	struct err e = { 0 };

	if (import_text("fuzz", (const char *)data, size, &o, a, &r, &e) == 0)
		check_scenario(r.scenario, a);
	else if (!e.text[0])
		abort();
	arena_free(a);
}

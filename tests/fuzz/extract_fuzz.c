/* SPDX-License-Identifier: MIT */
/* An answer's bytes as JSON behind a pointer (the first line) and as a head. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/extract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try(enum scenario_extract_from from, const char *what, const struct answer *answer, struct arena *a)
{
	const struct scenario_extract row = { .variable = "v", .from = from, .what = what };
	struct extract x;
	struct err e = { 0 };
	struct buf out = { 0 };

	if (extract_compile(&row, a, &x, &e) == 0) {
		enum extract_verdict verdict = extract_value(&x, answer, &out);
		if (verdict != EXTRACT_FOUND && out.size)
			abort();
	} else if (!e.text[0]) {
		abort();
	}
	extract_done(&x);
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	const char *text = (const char *)data, *line = size ? memchr(text, '\n', size) : NULL;
	size_t n = line ? (size_t)(line - text) : 0;
	const char *what = arena_strndup(a, text, n);
	const struct view rest = { text + n, size - n };
	const struct answer answer = { .head = rest, .body = rest };

	try(EXTRACT_JSON, what, &answer, a);
	try(EXTRACT_HEADER, what, &answer, a);
	arena_free(a);
	return 0;
}
